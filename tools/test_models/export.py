"""Writes the graphs of test models with the installed Paddle, by default in a process of its own.

That keeps Paddle out of the process that asked. `python -m tools.test_models.export` reads a JSON
list of [folder, family, options] from its standard input.
"""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

from tools.test_models.options import Family, ModelOptions

Job = tuple[Path, Family, ModelOptions]

_ROOT = Path(__file__).resolve().parents[2]
_SECONDS = 480


def export_graph(folder: Path, family: Family, options: ModelOptions) -> None:
    """Write `inference.json` and `inference.pdiparams` into `folder`. Imports Paddle."""
    import paddle

    from tools.test_models._heads import Network
    from tools.test_models._rcnn import StructuredRcnn

    network = StructuredRcnn(options) if options.structure else Network(family, options)
    network.eval()
    # DETR and PP-YOLOE are exported for one input size, the others for any.
    side = options.size if family in ("detr", "yoloe") else -1
    inputs = [
        paddle.static.InputSpec([-1, 2], "float32", "im_shape"),
        paddle.static.InputSpec([-1, 3, side, side], "float32", "image"),
        paddle.static.InputSpec([-1, 2], "float32", "scale_factor"),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        graph = paddle.jit.to_static(network, input_spec=inputs, full_graph=True)
        paddle.jit.save(graph, str(folder / "inference"))


def export_apart(jobs: Sequence[Job]) -> None:
    """Export several graphs in one other process.

    Raises:
        RuntimeError: it failed; carries the end of what it wrote.
    """
    request = [[str(folder.resolve()), family, chosen.to_json()] for folder, family, chosen in jobs]
    done = subprocess.run(
        [sys.executable, "-m", "tools.test_models.export"],
        cwd=_ROOT,
        input=json.dumps(request).encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=_SECONDS,
    )
    if done.returncode:
        tail = done.stdout.decode("utf-8", "replace")[-2000:]
        raise RuntimeError(f"Paddle could not export the test models:\n{tail}")


if __name__ == "__main__":
    for place, kind, text in json.load(sys.stdin):
        export_graph(Path(place), kind, ModelOptions.from_json(text))

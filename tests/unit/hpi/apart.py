"""Models taken apart by one recipe, held against Paddle image by image."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from instseg_ui.catalog.model_folder import read_config
from instseg_ui.engines import EngineRequest
from instseg_ui.engines.converted import ConvertedEngine
from instseg_ui.hpi.parity import FLOOR, LIMIT, pair
from instseg_ui.results import Instances
from instseg_ui.workers.worker import Worker
from tools.test_models import make_scene

Pixels = npt.NDArray[np.uint8]

SCENES: dict[str, Pixels] = {
    "wide": make_scene(233, 150, count=6, noise=10, seed=1).image,
    "tall": make_scene(71, 160, count=5, noise=10, seed=2).image,
    "flat": make_scene(400, 31, count=1, noise=10, grid=(1, 3), seed=3).image,
    "short": make_scene(191, 97, count=4, seed=4).image,
    "plain": make_scene(90, 60, count=0).image,
    "line": np.full((1, 30, 3), 90, np.uint8),
    "pixel": np.full((1, 1, 3), 200, np.uint8),
}

_CONVERT = """
import sys
from pathlib import Path
from instseg_ui.engines.conversion.__main__ import main
recipe, *places = sys.argv[1:]
for source, out in zip(places[::2], places[1::2]):
    Path(out).mkdir(parents=True)
    with (Path(out) / "said.jsonl").open("w") as said:
        main(Path(source), Path(out), [recipe], said)
"""


@dataclass
class Apart:
    """Model folders and what one recipe made of them."""

    recipe: str
    folders: Mapping[str, Path]
    root: Path
    _engines: dict[str, ConvertedEngine] = field(default_factory=dict)

    def convert(self) -> None:
        """All in one other process."""
        places = [str(p) for key, folder in self.folders.items() for p in (folder, self.out(key))]
        command = [sys.executable, "-c", _CONVERT, self.recipe, *places]
        subprocess.run(command, check=True, capture_output=True, timeout=240)

    def out(self, key: str) -> Path:
        return self.root / "converted" / key

    def said(self, key: str) -> dict[str, str]:
        """The last thing that the converter reported of a model."""
        last = (self.out(key) / "said.jsonl").read_text("utf-8").splitlines()[-1]
        return dict(json.loads(last))

    def params(self, key: str) -> dict[str, object]:
        manifest = json.loads((self.out(key) / "manifest.json").read_text("utf-8"))
        return dict(manifest["params"])

    def engine(self, key: str) -> ConvertedEngine:
        if key not in self._engines:
            self._engines[key] = ConvertedEngine(self.request(key, "onnxruntime"))
        return self._engines[key]

    def request(self, key: str, engine: str) -> EngineRequest:
        folder, out = self.folders[key], self.out(key)
        config = read_config(folder)
        return EngineRequest(
            engine, folder, config.model_name, config.labels, threads=2, converted=out
        )

    def paddle(self, key: str, images: Iterable[Pixels]) -> list[Instances]:
        """What Paddle itself finds."""
        worker = Worker(self.request(key, "paddle"), load_timeout=120, run_timeout=120)
        try:
            worker.load(lambda _: None, lambda: False)
            runs = [worker.run(pixels, FLOOR, LIMIT, lambda: False) for pixels in images]
        finally:
            worker.close()
        return [run.output.instances for run in runs]

    def found(self, key: str, pixels: Pixels, floor: float = FLOOR) -> Instances:
        """What the parts find."""
        return self.engine(key).run(pixels, floor, LIMIT).instances


def assert_equal(reference: Instances, other: Instances) -> None:
    """The same objects within all tolerances."""
    both = pair(reference, other)
    assert len(reference) == len(other) == len(both.pairs)
    assert both.agree.all()

"""Whether a runtime really runs: `python -m instseg_ui.engines.runtimes.trial onnxruntime cpu`.

Runs a small convolution, so that the libraries of a card are loaded and not only found. Prints
the versions, or ends with 1 and the reason in a sentence.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from instseg_ui.engines import runtimes
from instseg_ui.errors import InstSegError

_OPSET, _IR_VERSION = 16, 8


def trial(name: str, device: str) -> str:
    """Run the convolution; the versions of what ran it.

    Raises:
        LoadError, WorkerError: it cannot run here.
    """
    with tempfile.TemporaryDirectory() as folder:
        runtime = runtimes.create(name, device, 1, Path(folder) / "cache")
        network = runtime.load(_convolution(Path(folder)))
        network.run({"image": np.ones((1, 3, 8, 8), np.float32)})
    return ", ".join(f"{library} {version}" for library, version in runtime.versions.items())


def _convolution(folder: Path) -> Path:
    import onnx
    from onnx import helper

    kernel = onnx.numpy_helper.from_array(np.ones((2, 3, 3, 3), np.float32), "kernel")
    image = helper.make_tensor_value_info("image", onnx.TensorProto.FLOAT, [1, 3, 8, 8])
    sums = helper.make_tensor_value_info("sums", onnx.TensorProto.FLOAT, [1, 2, 6, 6])
    node = helper.make_node("Conv", ["image", "kernel"], ["sums"])
    graph = helper.make_graph([node], "trial", [image], [sums], [kernel])
    opset = [helper.make_opsetid("", _OPSET)]
    file = folder / "trial.onnx"
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=_IR_VERSION), file)
    return file


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{trial(*sys.argv[1:3])}\n")
    except InstSegError as error:
        sys.exit(error.with_remedy)

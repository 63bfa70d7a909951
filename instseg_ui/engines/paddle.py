"""Paddle Inference through PaddleX's own predictor: the reference that others are held to.

PaddleX's preprocessing and runner are used as they are. Its post-processing is not: it
drops boxes outside the image without their masks, so that later masks change owners.
"""

from __future__ import annotations

import os
import time
from importlib.metadata import version
from typing import Any

import numpy as np
import numpy.typing as npt

from instseg_ui.engines.base import ONEDNN_BY_DEFAULT, EngineRequest, Output
from instseg_ui.engines.outputs import to_instances
from instseg_ui.errors import LoadError
from instseg_ui.settings import paddlex_work_folder

# PaddleX asks four hosts on the network at its first use, for local models too, and falls
# back to the CPU in silence where a GPU was asked for.
os.environ.setdefault("PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK", "True")
os.environ.setdefault("PADDLE_PDX_DISABLE_DEVICE_FALLBACK", "True")
# It refuses oneDNN to most of these models, in silence. Here a model that was asked to run with
# it does, and high-performance mode checks what comes out.
os.environ.setdefault("PADDLE_PDX_DISABLE_MKLDNN_MODEL_BL", "True")

# Its folder for what it writes, which a home that cannot be written has not.
os.environ["PADDLE_PDX_CACHE_HOME"] = str(paddlex_work_folder())

# With it, models that PaddleX refuses to oneDNN do not start; without it, several run, and right.
_BAD_PASS = "operator_reshape_onednn_fuse_pass"
_RUN_MODES = {"paddle": "paddle", "paddle-onednn": "mkldnn"}


class PaddleEngine:
    """One model folder in Paddle Inference, with oneDNN or without."""

    def __init__(self, request: EngineRequest) -> None:
        import cv2
        import paddlex

        cv2.setNumThreads(request.threads)
        self.name = request.engine
        self.notes: tuple[str, ...] = ()
        self.versions = {
            "paddlepaddle": _paddle_version(),
            "paddlex": version("paddlex"),
        }
        self._labels = request.labels
        model = paddlex.create_model(
            model_name=request.model_name,
            model_dir=str(request.folder),
            engine="paddle_static",
            engine_config=_engine_config(request),
        )
        self._predictor: Any = model

    def run(self, pixels: npt.NDArray[np.uint8], floor: float, limit: int) -> Output:
        """See `Engine.run`."""
        start = time.perf_counter()
        data = [pixels]
        for operation in self._predictor.pre_ops:
            data = operation(data)
        ready = time.perf_counter()
        outputs = self._predictor.runner(data)
        done = time.perf_counter()
        instances = to_instances(outputs, self._labels, pixels.shape[:2], floor, limit)
        end = time.perf_counter()
        return Output(instances, _ms(start, ready), _ms(ready, done), _ms(done, end))


def _engine_config(request: EngineRequest) -> dict[str, object]:
    config: dict[str, object] = {
        "run_mode": _RUN_MODES[request.engine],
        "cpu_threads": request.threads,
    }
    if request.engine == "paddle-onednn" and request.model_name not in ONEDNN_BY_DEFAULT:
        config["delete_pass"] = [_BAD_PASS]
    kind, _, number = request.device.partition(":")
    if kind not in ("cpu", "gpu"):
        raise LoadError(f"Expected the device `cpu` or `gpu:0`, got “{request.device}”.")
    if number:
        config["device_id"] = int(number)
    return config | {"device_type": kind}


def _paddle_version() -> str:
    import paddle

    return str(paddle.__version__)


def _ms(start: float, end: float) -> float:
    return (end - start) * 1e3

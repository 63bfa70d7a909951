"""What the unmodified PaddleX answers, from a process of its own: the reference other engines are
held against.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

_ROOT = Path(__file__).resolve().parents[2]
_SECONDS = 300


@dataclass
class OracleJob:
    """One model on some images.

    Attributes:
        folder, model_name: the model.
        images: uint8 [H, W, 3] BGR each.
        threshold: as for PaddleX's `predict`.
        engine_config: as for PaddleX's `create_model`, e.g. {"run_mode": "paddle", "cpu_threads":
            2}.
        raw: also run the network alone and return its outputs.
    """

    folder: Path
    model_name: str
    images: Sequence[np.ndarray]
    threshold: float = 0.5
    engine_config: dict[str, Any] = field(default_factory=dict)
    raw: bool = False


@dataclass
class OracleAnswer:
    """What PaddleX said about one image.

    Attributes:
        boxes: its `boxes`: dictionaries with `cls_id` or (SOLOv2) `class_id`, `label`, `score`
            and, but for SOLOv2,
            `coordinate`.
        masks: its `masks`: crops to the rounded boxes, or (SOLOv2) full frames.
        raw: the network's outputs, if asked for.
        error: `Type: message` if PaddleX raised; the rest is then empty.
    """

    boxes: list[dict[str, Any]] = field(default_factory=list)
    masks: list[np.ndarray] = field(default_factory=list)
    raw: list[np.ndarray] = field(default_factory=list)
    error: str = ""


def run_paddlex(jobs: Sequence[OracleJob]) -> list[list[OracleAnswer]]:
    """Run every job in one other process; importing PaddleX takes it 3-6 s.

    Returns:
        For each job an answer per image (a job whose model does not load: the same error for all).

    Raises:
        RuntimeError: the process died; carries the end of what it wrote.
    """
    with tempfile.TemporaryDirectory() as folder:
        request, reply = Path(folder) / "request", Path(folder) / "reply"
        request.write_bytes(pickle.dumps(list(jobs)))
        done = subprocess.run(
            [sys.executable, "-m", __name__, str(request), str(reply)],
            cwd=_ROOT,
            env=os.environ | {"PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK": "True"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_SECONDS,
        )
        if done.returncode:
            tail = done.stdout.decode("utf-8", "replace")[-2000:]
            raise RuntimeError(f"PaddleX's process ended with {done.returncode}:\n{tail}")
        return pickle.loads(reply.read_bytes())


def _answer_all(job: OracleJob) -> list[OracleAnswer]:
    import paddlex

    try:
        model = paddlex.create_model(
            model_name=job.model_name,
            model_dir=str(job.folder),
            engine_config=job.engine_config or None,
        )
    except Exception as error:  # noqa: BLE001 - what it raises is the answer
        return [OracleAnswer(error=f"{type(error).__name__}: {error}")] * len(job.images)
    return [_answer(model, image, job) for image in job.images]


def _answer(model: Any, image: np.ndarray, job: OracleJob) -> OracleAnswer:
    try:
        result = next(iter(model.predict(image, threshold=job.threshold)))
        raw = _raw(model, image) if job.raw else []
        return OracleAnswer(result["boxes"], [np.array(m) for m in result["masks"]], raw)
    except Exception as error:  # noqa: BLE001 - what it raises is the answer
        return OracleAnswer(error=f"{type(error).__name__}: {error}")


def _raw(model: Any, image: np.ndarray) -> list[np.ndarray]:
    data = [image]
    for step in model.pre_ops[:-1]:
        data = step(data)
    return model.runner(model.pre_ops[-1](data))


if __name__ == "__main__":
    # The pickle's classes are those of the imported module, not of this copy run as a script.
    from tools.test_models import oracle

    wanted = pickle.loads(Path(sys.argv[1]).read_bytes())
    Path(sys.argv[2]).write_bytes(pickle.dumps([oracle._answer_all(job) for job in wanted]))

"""Small things that several tests build: images of patches, model folders, instances."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from instseg_ui.engines import EngineRequest
from instseg_ui.masks import encode
from instseg_ui.results import Instance, Instances
from instseg_ui.workers.worker import Worker

Pixels = npt.NDArray[np.uint8]

RED, GREEN, BLUE = (0, 0, 255), (0, 255, 0), (255, 0, 0)


def patches(*boxes: tuple[tuple[int, int, int, int], tuple[int, int, int]]) -> Pixels:
    """A gray 80 x 60 image with solid rectangles (x0, y0, x1, y1) in BGR colours."""
    image = np.full((60, 80, 3), 127, np.uint8)
    for (x0, y0, x1, y1), color in boxes:
        image[y0:y1, x0:x1] = color
    return image


def png(pixels: Pixels) -> bytes:
    return cv2.imencode(".png", pixels)[1].tobytes()


def model_folder(
    folder: Path, *, labels: Iterable[str] = ("red", "green", "blue"), **script: Any
) -> Path:
    """A folder that passes for a whole PaddleX one; the built-in engine runs it by `script`."""
    folder.mkdir(parents=True, exist_ok=True)
    names = "".join(f"- {label}\n" for label in labels)
    text = f"Global:\n  model_name: SOLOv2\ndraw_threshold: 0.5\nlabel_list:\n{names}"
    (folder / "inference.yml").write_text(text, encoding="utf-8")
    (folder / "inference.json").write_text("{}", encoding="utf-8")
    (folder / "inference.pdiparams").write_bytes(b"0" * 1000)
    (folder / "fake.json").write_text(json.dumps(script), encoding="utf-8")
    return folder


def fake_worker(
    folder: Path, *, load_timeout: float = 60.0, run_timeout: float = 60.0, **script: Any
) -> Worker:
    """A worker of the built-in engine, not loaded yet."""
    model_folder(folder, **script)
    request = EngineRequest("fake", folder, "Fake-Model", ("red", "green", "blue"))
    return Worker(request, load_timeout=load_timeout, run_timeout=run_timeout)


def instances(
    *scores: float, labels: Iterable[str] = (), size: tuple[int, int] = (6, 8)
) -> Instances:
    """Instances of these scores, each with a one-pixel mask; class i is the i-th label."""
    names = list(labels) or ["cat"] * len(scores)
    classes = {name: i for i, name in enumerate(dict.fromkeys(names))}
    rows = []
    for i, (score, name) in enumerate(zip(scores, names, strict=True)):
        mask = np.zeros(size, bool)
        x, y = i % size[1], i // size[1]
        mask[y, x] = True
        box = (float(x), float(y), x + 1.0, y + 1.0)
        rows.append(Instance(classes[name], name, score, box, 1, encode(mask)))
    return Instances.from_rows(rows)


def never() -> bool:
    return False

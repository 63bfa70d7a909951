"""Run an exported folder through PaddleX, unmodified, and hand back plain arrays."""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import yaml

# PaddleX otherwise probes hosts on the network before it loads even a local folder.
os.environ.setdefault("PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK", "True")


class Found(NamedTuple):
    """N objects of one H x W image."""

    boxes: np.ndarray  # float32 [N,4], xyxy in pixels
    scores: np.ndarray  # float32 [N]
    labels: list[str]
    masks: np.ndarray  # uint8 [N,H,W], 0 or 1


class PaddleXModel:
    """An inference folder loaded by `paddlex.create_model`, as a user of PaddleX would."""

    def __init__(self, folder: Path, threads: int) -> None:
        os.environ["PADDLE_PDX_CPU_NUM_THREADS"] = str(threads)
        import paddlex

        description = yaml.safe_load((folder / "inference.yml").read_text(encoding="utf-8"))
        self._model = paddlex.create_model(
            model_name=description["Global"]["model_name"], model_dir=str(folder)
        )

    def run(self, pixels: np.ndarray, threshold: float) -> dict:
        """PaddleX's own result for BGR uint8 [H,W,3]."""
        return next(iter(self._model.predict(pixels, threshold=threshold)))

    def __call__(self, pixels: np.ndarray, threshold: float) -> Found:
        """The objects of BGR uint8 [H,W,3] that score above `threshold`."""
        result = self.run(pixels, threshold)
        height, width = pixels.shape[:2]
        boxes = np.array([item["coordinate"] for item in result["boxes"]], np.float32).reshape(
            -1, 4
        )
        scores = np.array([item["score"] for item in result["boxes"]], np.float32)
        labels = [item["label"] for item in result["boxes"]]
        masks = np.zeros((len(boxes), height, width), np.uint8)
        for mask, cut, box in zip(masks, result["masks"], boxes, strict=True):
            # PaddleX cuts each mask to its rounded box; this puts it back.
            x1, y1, x2, y2 = (round(float(side)) for side in box)
            mask[y1:y2, x1:x2] = cut
        return Found(boxes, scores, labels, masks)

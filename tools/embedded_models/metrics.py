"""Average precision by pycocotools, from detections in its own format."""

import contextlib
import io
from pathlib import Path

import numpy as np
from pycocotools import mask as rle
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

NAMES = ("AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large")


def coco_results(
    image_id: int, boxes: np.ndarray, scores: np.ndarray, masks: np.ndarray
) -> list[dict[str, object]]:
    """Detections of one image as COCO results.

    Boxes are [N,4] xyxy in pixels, scores [N], masks [N,H,W] of any type, 0 or 1.
    """
    results = []
    for (x1, y1, x2, y2), score, mask in zip(boxes.tolist(), scores.tolist(), masks, strict=True):
        encoded = rle.encode(np.asfortranarray(mask.astype(np.uint8)))
        results.append(
            {
                "image_id": image_id,
                "category_id": 1,
                "bbox": [x1, y1, x2 - x1, y2 - y1],
                "score": score,
                "segmentation": encoded,
            }
        )
    return results


def average_precision(
    annotations: Path,
    results: list[dict[str, object]],
    kind: str,
    image_ids: list[int] | None = None,
) -> dict[str, float]:
    """COCO's six precisions of `results` for `kind` "segm" or "bbox", over all images or those of
    `image_ids`.

    Sizes are COCO's, by mask area in pixels: small below 32^2, large above 96^2. No results count
    as zero.
    """
    if not results:
        return dict.fromkeys(NAMES, 0.0)
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(annotations))
        evaluation = COCOeval(truth, truth.loadRes(results), kind)
        if image_ids is not None:
            evaluation.params.imgIds = image_ids
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return dict(zip(NAMES, map(float, evaluation.stats), strict=False))

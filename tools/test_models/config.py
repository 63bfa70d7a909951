"""`inference.yml` of a test model: the preprocessing that PaddleX applies to each family, and the
labels.
"""

from __future__ import annotations

from typing import Any

from tools.test_models.options import Family, ModelOptions

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

_LONG_SIDE = 1333 / 800
_CUBIC, _LINEAR = 2, 1
_ARCHITECTURES: dict[Family, str] = {
    "detr": "DETR",
    "rcnn": "RCNN",
    "yoloe": "PPYOLOE",
    "solo": "SOLOv2",
}


def normalisation(family: Family) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation, RGB in 0..1, that PaddleX removes from the image."""
    if family in ("detr", "yoloe"):
        return (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    return IMAGENET_MEAN, IMAGENET_STD


def inference_config(model_name: str, family: Family, options: ModelOptions) -> dict[str, Any]:
    """Content of `inference.yml`."""
    return {
        "mode": "paddle",
        "draw_threshold": 0.5,
        "metric": "COCO",
        "use_dynamic_shape": False,
        "Global": {"model_name": model_name},
        "arch": _ARCHITECTURES[family],
        "min_subgraph_size": 3,
        "Preprocess": _preprocess(model_name, family, options.size),
        "label_list": list(options.labels),
    }


def _preprocess(model_name: str, family: Family, size: int) -> list[dict[str, Any]]:
    if family in ("detr", "yoloe"):
        return [_resize([size, size], False, _CUBIC), _normalize(family), {"type": "Permute"}]
    target = [size, round(size * _LONG_SIDE)]
    # Without a feature pyramid there is nothing to align, and the real model does not pad.
    stride = {"type": "PadStride", "stride": -1 if model_name == "MaskRCNN-ResNet50" else 32}
    if family == "rcnn":
        return [_resize(target, True, _CUBIC), _normalize(family), {"type": "Permute"}, stride]
    # SOLOv2 normalises first: the resize then works on floats.
    return [_normalize(family), _resize(target, True, _LINEAR), {"type": "Permute"}, stride]


def _resize(target: list[int], keep_ratio: bool, interp: int) -> dict[str, Any]:
    return {"type": "Resize", "target_size": target, "keep_ratio": keep_ratio, "interp": interp}


def _normalize(family: Family) -> dict[str, Any]:
    mean, std = normalisation(family)
    step: dict[str, Any] = {"type": "NormalizeImage", "mean": list(mean), "std": list(std)}
    return step | ({"norm_type": "none"} if family in ("detr", "yoloe") else {"is_scale": True})

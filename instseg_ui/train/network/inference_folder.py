"""The PaddleX inference folder of a trained network: graph, weights and description."""

from __future__ import annotations

import tempfile
from pathlib import Path

import paddle
import yaml

from instseg_ui.train.network import spec
from instseg_ui.train.network.graph import PaddleModel
from instseg_ui.train.network.spec import Spec

# PaddleX loads only folders that carry one of its own names, and the name decides how. Of its
# instance segmentation names, this is the only one that both gets oneDNN by default and feeds
# images one by one whatever the batch size.
PADDLEX_NAME = "PP-YOLOE_seg-S"


def export(model: PaddleModel, folder: Path) -> None:
    """Write `inference.json`, `inference.pdiparams` and `inference.yml` into `folder`."""
    signature = [
        paddle.static.InputSpec([1, 2], "float32", "im_shape"),
        paddle.static.InputSpec([1, 3, None, None], "float32", "image"),
        paddle.static.InputSpec([1, 2], "float32", "scale_factor"),
    ]
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        paddle.jit.save(paddle.jit.to_static(model, input_spec=signature), f"{temporary}/inference")
        for name in ("inference.json", "inference.pdiparams"):
            (folder / name).write_bytes((Path(temporary) / name).read_bytes())
    (folder / "inference.yml").write_text(
        yaml.safe_dump(_description(model.spec), sort_keys=False, allow_unicode=True),
        encoding="utf-8",
    )


def _description(size: Spec) -> dict[str, object]:
    """What `inference.yml` tells PaddleX: how to prepare an image, and the classes' names."""
    return {
        "mode": "paddle",
        "draw_threshold": 0.5,
        "metric": "COCO",
        "use_dynamic_shape": True,
        "Global": {"model_name": PADDLEX_NAME},
        "arch": "PPYOLOE",
        "min_subgraph_size": 3,
        "mask": True,
        "Preprocess": [
            {
                "type": "Resize",
                "target_size": list(size.target_size),
                "keep_ratio": True,
                "interp": 1,
            },
            {
                "type": "NormalizeImage",
                "mean": [spec.PIXEL_MEAN / 255] * 3,
                "std": [spec.PIXEL_STD / 255] * 3,
                "norm_type": "mean_std",
                "is_scale": True,
            },
            {"type": "Permute"},
            {"type": "PadStride", "stride": spec.STRIDES[-1]},
        ],
        "label_list": list(size.classes),
    }

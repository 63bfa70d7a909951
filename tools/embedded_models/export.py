"""Write the PaddleX inference folder from folded weights; needs Paddle, not PyTorch.

    python -m tools.embedded_models.export --weights weights.npz --out DIR

Run it with paddlepaddle 3.0.0: older runtimes do not load what newer ones write.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import paddle
import yaml

from tools.embedded_models import spec
from tools.embedded_models.paddle_graph import PaddleModel
from tools.embedded_models.spec import Spec

# PaddleX loads only folders that carry one of its own names, and the name decides how. Of its
# instance segmentation names, this is the only one that both gets oneDNN by default and feeds
# images one by one whatever the batch size.
PADDLEX_NAME = "PP-YOLOE_seg-S"


def main() -> None:
    """Parse the command line and export."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    export(load_model(options.weights), options.out)


def load_model(weights: Path) -> PaddleModel:
    """The model whose `Spec` and parameters stand in `weights`, an .npz of `weights.py`.

    Raises ValueError when a parameter is missing or left over.
    """
    with np.load(weights) as file:
        arrays = {name: file[name] for name in file.files}
    model = PaddleModel(Spec.loads(str(arrays.pop("spec"))))
    parameters = dict(model.network.named_parameters())
    if parameters.keys() != arrays.keys():
        raise ValueError(f"names differ: {sorted(parameters.keys() ^ arrays.keys())}")
    for name, parameter in parameters.items():
        parameter.set_value(arrays[name])
    model.eval()
    return model


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
    (folder / "inference.yml").write_text(yaml.safe_dump(_description(model.spec), sort_keys=False))


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


if __name__ == "__main__":
    main()

r"""Show that the exported folder computes what was trained.

Two steps, because the frameworks live in environments of their own:

    python -m tools.embedded_models.prove record --checkpoint last.pt --data DATA --out proof.npz
    python -m tools.embedded_models.prove compare --weights weights.npz --proof proof.npz \
        --model DIR

`record` needs PyTorch and runs the trained network in float32, its batch normalisation unfolded, on
photos of several shapes. `compare` needs Paddle, runs the Paddle network and the exported folder on
the same inputs, prints the largest differences, and fails when they exceed rounding.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np

# One photo at each size; wide, tall and odd ones exercise padding and the two scale factors.
SIZES = ((512, 512), (640, 480), (1920, 1080), (333, 777), (97, 211), (64, 64))  # width, height
RAW = ("scores", "distances", "embeddings", "mask_features")
RAW_TOLERANCE = 1e-3  # relative to the largest value
SCORE_TOLERANCE = 1e-3
BOX_TOLERANCE = 0.1  # pixels of the original image
MASK_TOLERANCE = 0.99  # IoU


def main() -> None:
    """Parse the command line and run one of the two steps."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    steps = parser.add_subparsers(required=True)
    step = steps.add_parser("record")
    step.add_argument("--checkpoint", type=Path, required=True)
    step.add_argument("--data", type=Path, required=True)
    step.add_argument("--out", type=Path, required=True)
    step.add_argument("--without", nargs="*", default=[], help="as for `weights`")
    step.add_argument("--model", help="as for `weights`")
    step.set_defaults(run=record)
    step = steps.add_parser("compare")
    step.add_argument("--weights", type=Path, required=True)
    step.add_argument("--model", type=Path, required=True)
    step.add_argument("--proof", type=Path, required=True)
    step.set_defaults(run=compare)
    options = parser.parse_args()
    options.run(options)


def record(options: argparse.Namespace) -> None:
    """Write inputs and PyTorch's outputs of a few photos."""
    import torch

    from tools.embedded_models import inference
    from tools.embedded_models.checkpoint import load_average
    from tools.embedded_models.weights import reduced

    model = reduced(load_average(options.checkpoint), options.without, options.model)
    arrays: dict[str, Any] = {}
    for index, (photo, size) in enumerate(zip(_photos(options.data), SIZES, strict=True)):
        pixels = cv2.resize(cv2.cvtColor(cv2.imread(str(photo)), cv2.COLOR_BGR2RGB), size)
        prepared = inference.preprocess(pixels, model.spec.target_size)
        with torch.no_grad():
            raw = model(prepared.image)
        found = inference.detect(model, prepared)
        tensors = prepared._asdict() | found._asdict() | {name: getattr(raw, name) for name in RAW}
        # The kept objects' scores and all points' logits would share a name.
        tensors |= {"scores": raw.scores, "kept_scores": found.scores}
        arrays |= {f"{index}.{name}": value.numpy() for name, value in tensors.items()}
    np.savez_compressed(options.out, **arrays)


def _photos(data: Path) -> list[Path]:
    """Validation photos from all over the list, which is sorted by source."""
    document = json.loads((data / "instances_valid.json").read_text(encoding="utf-8"))
    images = document["images"][:: max(1, len(document["images"]) // len(SIZES))][: len(SIZES)]
    return [data / image.get("root", "") / image["file_name"] for image in images]


def compare(options: argparse.Namespace) -> None:
    """Print how Paddle's outputs differ from the recorded ones; exit with 1 if too much."""
    from tools.embedded_models.export import load_model

    model = load_model(options.weights)
    predictor = _predictor(options.model)
    passed = True
    with np.load(options.proof) as proof:
        for index, size in enumerate(SIZES):
            prefix = f"{index}."
            recorded = {
                name.removeprefix(prefix): proof[name]
                for name in proof.files
                if name.startswith(prefix)
            }
            passed &= _compare_raw(size, model, recorded)
            passed &= _compare_final(size, predictor(recorded), recorded)
    sys.exit(0 if passed else 1)


def _compare_raw(size: tuple[int, int], model: Any, recorded: dict[str, np.ndarray]) -> bool:
    import paddle

    with paddle.no_grad():
        outputs = model.network(paddle.to_tensor(recorded["image"]))
    differences = {}
    for name, output in zip(RAW, outputs, strict=False):
        expected = recorded[name]
        if name == "scores":  # [1,A,C] there, [1,C,A] here
            expected = expected.transpose(0, 2, 1)
        differences[name] = float(np.abs(output.numpy() - expected).max() / np.abs(expected).max())
    print(size, "raw, relative:", {name: f"{value:.1e}" for name, value in differences.items()})
    return max(differences.values()) < RAW_TOLERANCE


def _compare_final(
    size: tuple[int, int], found: list[np.ndarray], recorded: dict[str, np.ndarray]
) -> bool:
    rows, count, masks = found
    names = ("classes", "boxes", "kept_scores", "masks")
    classes, boxes, scores, expected = (recorded[name] for name in names)
    if not len(rows) == len(masks) == count[0] == len(boxes):
        print(size, "objects:", len(rows), len(masks), count[0], "expected", len(boxes))
        return False
    if len(boxes) == 0:
        print(size, "no objects, as expected")
        return masks.shape[1:] == expected.shape[1:]
    # Rows come class after class, and equal scores may be ordered either way: pair each object with
    # the recorded one of its class whose box is nearest.
    distance = np.abs(rows[:, None, 2:] - boxes[None]).max(2)
    nearest = np.where(rows[:, None, 0] == classes[None], distance, np.inf).argmin(1)
    score = float(np.abs(rows[:, 1] - scores[nearest]).max())
    box = float(np.abs(rows[:, 2:] - boxes[nearest]).max())
    truth, drawn = expected[nearest] > 0, masks > 0
    unions = (truth | drawn).sum((1, 2))
    overlap = float(((truth & drawn).sum((1, 2))[unions > 0] / unions[unions > 0]).min(initial=1.0))
    print(
        f"{size} final: {len(rows)} objects, score {score:.1e}, box {box:.1e} px, "
        f"least mask IoU {overlap:.5f}, {masks.dtype} {masks.shape}"
    )
    return score < SCORE_TOLERANCE and box < BOX_TOLERANCE and overlap > MASK_TOLERANCE


def _predictor(folder: Path) -> Any:
    """A function from recorded inputs to the folder's three outputs, by Paddle Inference."""
    from paddle import inference

    config = inference.Config(str(folder / "inference.json"), str(folder / "inference.pdiparams"))
    config.disable_glog_info()
    predictor = inference.create_predictor(config)

    def run(inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        for name in predictor.get_input_names():
            predictor.get_input_handle(name).copy_from_cpu(np.ascontiguousarray(inputs[name]))
        predictor.run()
        return [
            predictor.get_output_handle(name).copy_to_cpu() for name in predictor.get_output_names()
        ]

    return run


if __name__ == "__main__":
    main()

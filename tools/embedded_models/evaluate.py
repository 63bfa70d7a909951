"""Measure an exported folder through PaddleX: precision on annotated photos, latency and memory.

    python -m tools.embedded_models.evaluate --model assets/models/demo-cats --data DIR

Prints one JSON document; every figure of the model card comes from it.
"""

import argparse
import json
import platform
from importlib.metadata import version
from pathlib import Path

import cv2

from tools.embedded_models import latency, metrics, spec
from tools.embedded_models.predict import PaddleXModel

LATENCY_PHOTOS = 2  # of these, the validation split's first is crowded and its second is not
LATENCY_SIZES = ((512, 512), (640, 480), (1920, 1080))  # width, height


def main() -> None:
    """Parse the command line, measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", default="valid")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--limit", type=int, help="use only so many photos")
    parser.add_argument("--runs", type=int, default=50, help="timed runs an image size")
    options = parser.parse_args()

    model = PaddleXModel(options.model, options.threads)
    annotations = options.data / f"instances_{options.split}.json"
    images = json.loads(annotations.read_text(encoding="utf-8"))["images"][: options.limit]
    report = {
        "stack": {name: version(name) for name in ("paddlepaddle", "paddlex")},
        "machine": platform.processor() or platform.machine(),
        "threads": options.threads,
        "bytes": sum(path.stat().st_size for path in options.model.glob("inference.*")),
        "precision": precision(model, options.data, annotations, images),
        "latency": [
            latency.measure(model, options.data / image["file_name"], size, options.runs)
            for image in images[:LATENCY_PHOTOS]
            for size in LATENCY_SIZES
        ],
        "peak_rss_mb": latency.peak_rss_mb(),
    }
    print(json.dumps(report, indent=2))


def precision(
    model: PaddleXModel, data: Path, annotations: Path, images: list[dict]
) -> dict[str, object]:
    """COCO precision, on `images`, of the masks and boxes that score above the floor."""
    results = []
    for image in images:
        found = model(cv2.imread(str(data / image["file_name"])), spec.SCORE_THRESHOLD)
        results += metrics.coco_results(image["id"], *found)
    ids = [image["id"] for image in images]
    report: dict[str, object] = {
        kind: metrics.average_precision(annotations, results, kind, ids)
        for kind in ("segm", "bbox")
    }
    return {"photos": len(images), "detections": len(results)} | report


if __name__ == "__main__":
    main()

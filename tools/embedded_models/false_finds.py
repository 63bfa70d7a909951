r"""Count what models find in photos that hold nothing of the class.

    python -m tools.embedded_models.false_finds --model assets/models/cats ... \
        --coco DATA/coco_permissive --photos DATA/photos --everyday DATA/everyday

For each model and class: how many photos without it there are, in how many of them the class was
found, and how often. Where a class is not annotated, `reviewed.json` says in which photos it was
looked for in vain. Prints one JSON document; runs through PaddleX, as a user of it would.
"""

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import cv2
import yaml

from tools.embedded_models.predict import PaddleXModel

REVIEWED = Path(__file__).with_name("reviewed.json")


class Shown(NamedTuple):
    """One photo, and the classes of which nothing is in it."""

    path: Path
    absent: frozenset[str]


def main() -> None:
    """Parse the command line, count and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, nargs="+", required=True)
    parser.add_argument("--coco", type=Path, help="COCO format, every category exhaustive")
    parser.add_argument("--photos", type=Path, help="a folder of photos")
    parser.add_argument("--everyday", type=Path, help="the validation part is used")
    parser.add_argument("--threshold", type=float, default=0.5)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    sets = _sets(options)
    print(json.dumps({str(model): _of_model(model, sets, options) for model in options.model}))


def _of_model(model: Path, sets: dict[str, list[Shown]], options: argparse.Namespace) -> dict:
    description = yaml.safe_load((model / "inference.yml").read_text(encoding="utf-8"))
    loaded = PaddleXModel(model, options.threads)
    return {
        name: count(loaded, photos, description["label_list"], options.threshold)
        for name, photos in sets.items()
    }


def count(
    model: PaddleXModel, photos: list[Shown], classes: list[str], threshold: float
) -> dict[str, dict[str, int]]:
    """By class: photos without it, photos in which it was found all the same, and finds."""
    without, wrong, finds = Counter[str](), Counter[str](), Counter[str]()
    for photo in photos:
        result = model.run(cv2.imread(str(photo.path)), threshold)
        found = Counter(item["label"] for item in result["boxes"])
        for name in photo.absent.intersection(classes):
            without[name] += 1
            wrong[name] += found[name] > 0
            finds[name] += found[name]
    return {
        name: {"photos": without[name], "wrong": wrong[name], "finds": finds[name]}
        for name in classes
        if without[name]
    }


def _sets(options: argparse.Namespace) -> dict[str, list[Shown]]:
    reviews = json.loads(REVIEWED.read_text(encoding="utf-8"))["reviewed"]
    sets = {}
    if options.coco:
        sets["coco"] = _annotated(options.coco, "instances.json", "images", reviews)
    if options.photos:
        paths = sorted(options.photos.glob("*.jpg"))
        sets["photos"] = [Shown(path, frozenset(_reviewed(path, reviews))) for path in paths]
    if options.everyday:
        sets["everyday"] = _annotated(options.everyday, "instances_valid.json", "", reviews)
    return sets


def _annotated(data: Path, annotations: str, folder: str, reviews: list[dict]) -> list[Shown]:
    """Photos of a COCO-format set; where an image lists no `exhaustive` classes, all are."""
    document = json.loads((data / annotations).read_text(encoding="utf-8"))
    names = {category["id"]: category["name"] for category in document["categories"]}
    present: dict[int, set[str]] = {}
    for annotation in document["annotations"]:
        present.setdefault(annotation["image_id"], set()).add(names[annotation["category_id"]])
    shown = []
    for image in document["images"]:
        path = data / image.get("root", "") / folder / image["file_name"]
        known = set(image.get("exhaustive", names.values()))
        known |= _reviewed(data / image["file_name"], reviews)
        shown.append(Shown(path, frozenset(known - present.get(image["id"], set()))))
    return shown


def _reviewed(path: Path, reviews: list[dict]) -> set[str]:
    """Classes that were looked for in a photo and not found, whatever else was annotated."""
    found: set[str] = set()
    for review in reviews:
        if "split" not in review and review["folder"] == path.parent.name:
            found |= set(review["classes"]) if path.name not in review["except"] else set()
    return found


if __name__ == "__main__":
    main()

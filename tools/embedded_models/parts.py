"""Write a split as one COCO file a source, each with the classes that its photos annotate.

    python -m tools.embedded_models.parts --data DATA --out PARTS
    instseg eval --images DATA/.. --annotations PARTS/cats.json --model cats --output OUT

`instseg eval` takes every category of a file as annotated in all of its photos. Names of photos
become relative to the folder above DATA.
"""

import argparse
import json
from pathlib import Path

CLASSES = {
    "people": ("person", "handbag"),
    "facades": ("car", "building", "window", "balcony"),
    "animals": ("deer", "tiger", "otter", "turtle"),
    "cats": ("cat",),
}
SOURCES = {"ccp": "people", "facade": "facades", "koma": "animals"}


def main() -> None:
    """Parse the command line and write the files."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--split", default="valid")
    options = parser.parse_args()
    path = options.data / f"instances_{options.split}.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    options.out.mkdir(parents=True, exist_ok=True)
    for name in CLASSES:
        text = json.dumps(part(document, name, options.data.name))
        (options.out / f"{name}.json").write_text(text, encoding="utf-8")


def part(document: dict, name: str, folder: str) -> dict:
    """The photos of one source and the objects of its classes."""
    images = [image for image in document["images"] if _part_of(image) == name]
    categories = [one for one in document["categories"] if one["name"] in CLASSES[name]]
    ids = {image["id"] for image in images}
    wanted = {one["id"] for one in categories}
    return {
        "images": [
            {
                "id": image["id"],
                "file_name": image["file_name"] if "root" in image else _below(folder, image),
                "width": image["width"],
                "height": image["height"],
            }
            for image in images
        ],
        "categories": categories,
        "annotations": [
            one
            for one in document["annotations"]
            if one["image_id"] in ids and one["category_id"] in wanted
        ],
    }


def _part_of(image: dict) -> str:
    """Photos of the cats' folder lie beside DATA, and their `root` says so."""
    return SOURCES.get(image.get("source", ""), "cats")


def _below(folder: str, image: dict) -> str:
    return f"{folder}/{image['file_name']}"


if __name__ == "__main__":
    main()

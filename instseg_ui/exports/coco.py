"""COCO: detection results, and a dataset of pictures and annotations.

Category ids. COCO numbers its 80 classes 1 to 90, with gaps; a model's class ids run from 0.
When a model's labels are COCO's 80 names in COCO's order, `category_id` is COCO's own
number, so that results can be scored against COCO's annotation files as they are. For any
other model it is the class id + 1, because many readers keep 0 for the background. The option
`category_ids` overrides both. Results and dataset of one model use the same numbers.

Image ids run from 1 in the order of the pictures unless `image_ids` names them.

Format: "Data format" and "Results format" on cocodataset.org; boxes are [x, y, width, height]
in pixels from the upper left corner.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from instseg_ui import __version__
from instseg_ui.coco_classes import COCO_IDS, COCO_NAMES
from instseg_ui.errors import InputError
from instseg_ui.exports.items import (
    Entry,
    Item,
    chosen,
    class_names,
    picture_paths,
    stems,
    to_json,
)
from instseg_ui.exports.rings import rings_of
from instseg_ui.masks import Rle, box_of
from instseg_ui.prediction_json import coco_result, number
from instseg_ui.results import Instance

CategoryIds = Mapping[int, int] | Sequence[int] | None


def write_results(
    items: Sequence[Item],
    *,
    image_ids: Sequence[int] | None = None,
    category_ids: CategoryIds = None,
    boxes: bool = True,
) -> list[Entry]:
    """One JSON list for all pictures, an object for each instance, with run-length masks.

    Args:
        items: the pictures.
        image_ids: one for each picture, all different; None numbers them from 1.
        category_ids: by class id; None follows the rule above.
        boxes: write the model's box too. pycocotools' `loadRes` then takes an object's
            area from its box; leave boxes out to have mask AP by size from the masks' areas.
    """
    boxes = chosen("boxes", boxes, (True, False))
    numbers = _categories(category_ids, class_names(items))
    rows = []
    for item, image_id in zip(items, _image_ids(image_ids, items), strict=True):
        for instance in item.prediction.instances:
            box = _xywh(instance.box) if boxes else ()
            category_id = numbers[instance.class_id]
            rows.append(coco_result(image_id, category_id, instance.score, instance.mask, box))
    return [Entry(_name(items, "coco_results"), to_json(rows))]


def write_dataset(
    items: Sequence[Item],
    *,
    image_ids: Sequence[int] | None = None,
    category_ids: CategoryIds = None,
    segmentation: str = "rle",
) -> list[Entry]:
    """One JSON with the pictures, the annotations and every class of the model.

    An annotation's box and area are its mask's; `score` is the model's. An instance with
    an empty mask is no annotation.

    Args:
        items: the pictures.
        image_ids: one for each picture, all different; None numbers them from 1.
        category_ids: by class id; None follows the rule above.
        segmentation: "rle" is exact; "polygon" lists one ring for each part, IoU >= 0.98.
    """
    segmentation = chosen("segmentation", segmentation, ("rle", "polygon"))
    names = class_names(items)
    numbers = _categories(category_ids, names)
    ids = _image_ids(image_ids, items)
    found = [
        (image_id, instance)
        for item, image_id in zip(items, ids, strict=True)
        for instance in item.prediction.instances
        if instance.area
    ]
    dataset = {
        "info": _info(items),
        "licenses": [],
        "images": _images(items, ids),
        "annotations": [
            _annotation(i, image_id, numbers[instance.class_id], instance, segmentation)
            for i, (image_id, instance) in enumerate(found, start=1)
        ],
        "categories": [
            {"id": numbers[class_id], "name": name, "supercategory": ""}
            for class_id, name in enumerate(names)
        ],
    }
    return [Entry(_name(items, "coco"), to_json(dataset))]


def _info(items: Sequence[Item]) -> dict[str, str]:
    models = ", ".join(dict.fromkeys(item.prediction.model for item in items))
    return {"description": f"Instances found by {models}", "version": __version__}


def _images(items: Sequence[Item], ids: Sequence[int]) -> list[dict[str, Any]]:
    return [
        {
            "id": image_id,
            "width": item.prediction.width,
            "height": item.prediction.height,
            "file_name": name,
        }
        for item, image_id, name in zip(items, ids, picture_paths(items), strict=True)
    ]


def _annotation(
    annotation_id: int, image_id: int, category_id: int, instance: Instance, segmentation: str
) -> dict[str, Any]:
    mask = instance.mask
    return {
        "id": annotation_id,
        "image_id": image_id,
        "category_id": category_id,
        "bbox": _xywh(box_of(mask)),
        "area": instance.area,
        "iscrowd": 0,
        "score": number(instance.score),
        "segmentation": mask if segmentation == "rle" else _rings(mask),
    }


def _rings(mask: Rle) -> list[list[float]]:
    """A ring for each part, holes joined to it: COCO adds the rings of a list up."""
    return [ring.round(2).ravel().tolist() for ring in rings_of(mask)]


def _xywh(box: tuple[float, float, float, float]) -> list[float]:
    x0, y0, x1, y1 = box
    return [number(x0), number(y0), number(x1 - x0), number(y1 - y0)]


def _image_ids(wanted: Sequence[int] | None, items: Sequence[Item]) -> Sequence[int]:
    if wanted is None:
        return range(1, len(items) + 1)
    if not isinstance(wanted, Sequence) or not all(type(i) is int for i in wanted):
        raise InputError("The option image_ids must be a list of whole numbers.")
    if len(wanted) != len(items) or len(set(wanted)) != len(items):
        raise InputError(
            f"The option image_ids must have {len(items)} different numbers, one for each picture."
        )
    return wanted


def _categories(wanted: CategoryIds, names: Sequence[str]) -> dict[int, int]:
    """The category id of every class id."""
    if wanted is None:
        return dict(enumerate(COCO_IDS if tuple(names) == COCO_NAMES else range(1, len(names) + 1)))
    if not isinstance(wanted, Mapping | Sequence) or isinstance(wanted, str):
        raise InputError("The option category_ids must be a list of whole numbers.")
    pairs = wanted.items() if isinstance(wanted, Mapping) else enumerate(wanted)
    numbers = {int(key): value for key, value in pairs if str(key).isdecimal()}
    if not all(type(value) is int for value in numbers.values()):
        raise InputError("The option category_ids must hold whole numbers.")
    missing = [name for class_id, name in enumerate(names) if class_id not in numbers]
    if missing:
        raise InputError(f"The option category_ids has no number for the class “{missing[0]}”.")
    if len({numbers[i] for i in range(len(names))}) < len(names):
        raise InputError("The option category_ids gives two classes the same number.")
    return numbers


def _name(items: Sequence[Item], ending: str) -> str:
    return f"{stems(items)[0]}_{ending}.json" if len(items) == 1 else f"{ending}.json"

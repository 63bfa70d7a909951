"""Answers as COCO annotations, for Evaluate and for training, with what they say and what not.

An outline that was called right is an annotation. What nobody was asked about, could not be told,
or exists without an outline is a crowd region: Evaluate counts a prediction there neither right nor
wrong. What was called nothing has no annotation, so a prediction there is wrong. A photo lists as
`exhaustive` the classes of which all objects are outlined: all of them where everything was
answered and a person said that nothing is missed, else none. Training takes no background from
other photos.

Format: "Data format" on cocodataset.org.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from instseg_ui import __version__
from instseg_ui.coco_classes import COCO_IDS, COCO_NAMES
from instseg_ui.judge.answers import JudgeAnswer
from instseg_ui.judge.candidates import Candidates, JudgedObject
from instseg_ui.judge.judgement import Judgement
from instseg_ui.masks import Rle, area, box_of

_NOTE = (
    "Outlines of models that a person called right. Crowd regions (iscrowd 1) are not judged: they "
    "count neither as right nor as wrong. `exhaustive` lists the classes of a photo of which every "
    "object is outlined. Objects were chosen for what they tell about the models: AP on these "
    "annotations is that of the objects asked about, not of the photos."
)


class _Region(NamedTuple):
    """One annotation to be; `answer` is what it rests on."""

    label: str
    mask: Rle
    crowd: bool
    answer: str


def to_coco(judgement: Judgement) -> bytes:
    """The answers as a COCO data set, UTF-8 JSON; photos without an answer are left out."""
    text = json.dumps(to_dict(judgement), ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode("utf-8", "backslashreplace")


def to_dict(judgement: Judgement) -> dict[str, Any]:
    """The same as plain JSON values."""
    candidates, answers = judgement.candidates, judgement.answers
    held = {one.question: one for one in answers if one.question}
    regions = _regions(candidates, held)
    names = _names(candidates, regions)
    touched = _touched(candidates, answers)
    image_ids = {place: number for number, place in enumerate(touched, start=1)}
    rows = ((place, region) for place in touched for region in regions[place])
    return {
        "info": {"description": _NOTE, "version": __version__},
        "licenses": [],
        "images": [
            _image(candidates, place, number, held, answers, list(names))
            for place, number in image_ids.items()
        ],
        "annotations": [
            _annotation(i, image_ids[place], names[region.label], region)
            for i, (place, region) in enumerate(rows, start=1)
        ],
        "categories": [
            {"id": number, "name": name, "supercategory": ""} for name, number in names.items()
        ],
    }


def _touched(candidates: Candidates, answers: tuple[JudgeAnswer, ...]) -> list[int]:
    """Photos that something was said of, in their order."""
    said_of = {one.question or one.photo for one in answers if one.answer != "skip"}
    by_object = {one.photo for one in candidates.objects if one.name in said_of}
    return [
        place
        for place, photo in enumerate(candidates.photos)
        if place in by_object or photo.name in said_of
    ]


def _regions(candidates: Candidates, held: dict[str, JudgeAnswer]) -> list[list[_Region]]:
    regions: list[list[_Region]] = [[] for _ in candidates.photos]
    for one in candidates.objects:
        regions[one.photo].extend(_of_object(one, held.get(one.name)))
    return regions


def _of_object(judged: JudgedObject, answer: JudgeAnswer | None) -> Iterator[_Region]:
    said = answer.answer if answer else "not asked"
    if answer and said in ("right", "wrong class"):
        chosen = judged.candidates[(answer.outline or 1) - 1]
        label = chosen.label if said == "right" else answer.label
        if label:
            yield _Region(label, chosen.mask, False, said)
    elif said != "nothing":
        by_label = {one.label: one.mask for one in reversed(judged.candidates)}
        for label, mask in by_label.items():
            yield _Region(label, mask, True, said)


def _names(candidates: Candidates, regions: list[list[_Region]]) -> dict[str, int]:
    """Category ids by name: COCO's own where all names are COCO's, else from 1 by the alphabet."""
    found = {one.label for judged in candidates.objects for one in judged.candidates}
    found |= {one.label for rows in regions for one in rows}
    coco = dict(zip(COCO_NAMES, COCO_IDS, strict=True))
    if found <= coco.keys():
        return {name: number for name, number in coco.items() if name in found}
    return {name: number for number, name in enumerate(sorted(found), start=1)}


def _image(
    candidates: Candidates,
    place: int,
    number: int,
    held: dict[str, JudgeAnswer],
    answers: tuple[JudgeAnswer, ...],
    names: list[str],
) -> dict[str, Any]:
    photo = candidates.photos[place]
    missed = [one for one in answers if one.answer == "missed" and one.photo == photo.name]
    complete = any(one.answer == "complete" and one.photo == photo.name for one in answers)
    mine = [held.get(one.name) for one in candidates.objects if one.photo == place]
    whole = complete and not missed and all(map(_is_outlined, mine))
    row: dict[str, Any] = {
        "id": number,
        "file_name": photo.name,
        "width": photo.width,
        "height": photo.height,
        "exhaustive": names if whole else [],
    }
    points = [{"x": one.x, "y": one.y, "label": one.label} for one in missed]
    return row | ({"missed": points} if points else {})


def _is_outlined(answer: JudgeAnswer | None) -> bool:
    """Whether nothing is open about an object: it is outlined under its class, or is none."""
    if answer is None:
        return False
    return answer.answer in ("right", "nothing") or (
        answer.answer == "wrong class" and answer.label is not None
    )


def _annotation(number: int, image_id: int, category_id: int, region: _Region) -> dict[str, Any]:
    x0, y0, x1, y1 = box_of(region.mask)
    return {
        "id": number,
        "image_id": image_id,
        "category_id": category_id,
        "segmentation": region.mask,
        "bbox": [x0, y0, x1 - x0, y1 - y0],
        "area": area(region.mask),
        "iscrowd": int(region.crowd),
        "answer": region.answer,
    }

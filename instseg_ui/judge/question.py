"""A question about one object: what a person is shown, and what can be said to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Any

from instseg_ui.comparison.objects import State
from instseg_ui.judge.candidates import CandidateOutline, Candidates
from instseg_ui.masks import box_of

_AROUND = 0.35
_LEAST_SIDE = 96
Crop = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class JudgeQuestion:
    """What is asked about one object.

    Attributes:
        name: by which the answer speaks of it.
        photo: the photo's name; `place` where it stands among the photos.
        width, height: of the photo, pixels.
        crop: the part to show, x0, y0, x1, y1 in pixels, the last two exclusive.
        state: how far the models agree.
        outlines: what may be right, numbered from 1.
        models: for each outline the names of the models behind it.
        chance: with which it was drawn from the `left` objects that are not answered.
    """

    name: str
    photo: str
    place: int
    width: int
    height: int
    crop: Crop
    state: State
    outlines: tuple[CandidateOutline, ...]
    models: tuple[tuple[str, ...], ...]
    chance: float
    left: int

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "question": self.name,
            "photo": self.photo,
            "image": {"width": self.width, "height": self.height},
            "crop": list(self.crop),
            "kind": self.state,
            "outlines": [
                {
                    "outline": number,
                    "label": outline.label,
                    "models": list(models),
                    "mask": outline.mask,
                }
                for number, (outline, models) in enumerate(
                    zip(self.outlines, self.models, strict=True), start=1
                )
            ],
            "chance": self.chance,
            "left": self.left,
        }


def ask(candidates: Candidates, index: int, chance: float, left: int) -> JudgeQuestion:
    """The question about one object, by its place."""
    wanted = candidates.objects[index]
    photo = candidates.photos[wanted.photo]
    names = candidates.outcomes.models
    return JudgeQuestion(
        name=wanted.name,
        photo=photo.name,
        place=wanted.photo,
        width=photo.width,
        height=photo.height,
        crop=crop_around(wanted.candidates, photo.width, photo.height),
        state=wanted.state,
        outlines=wanted.candidates,
        models=tuple(tuple(names[i] for i in one.models) for one in wanted.candidates),
        chance=chance,
        left=left,
    )


def crop_around(outlines: Sequence[CandidateOutline], width: int, height: int) -> Crop:
    """The outlines with some of what is around them, inside the photo."""
    boxes = [box_of(one.mask) for one in outlines]
    x0, y0 = min(box[0] for box in boxes), min(box[1] for box in boxes)
    x1, y1 = max(box[2] for box in boxes), max(box[3] for box in boxes)
    left, right = _widened(x0, x1, width)
    top, bottom = _widened(y0, y1, height)
    return left, top, right, bottom


def _widened(low: float, high: float, end: int) -> tuple[int, int]:
    around = max((high - low) * _AROUND, (_LEAST_SIDE - (high - low)) / 2)
    return max(0, floor(low - around)), min(end, ceil(high + around))

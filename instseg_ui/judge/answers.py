"""What a person says: about an object, about a photo, or that the last answer is taken back.

An answer comes from a page, a script or a file. Nothing of it is taken for granted; what cannot be
one is told in a sentence.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from instseg_ui.errors import InputError

AnswerKind = Literal["right", "none", "nothing", "wrong class", "skip", "missed", "complete"]
"""What can be said, in one word each.

- `right`: outline `outline` is right, with its class.
- `none`: there is an object, and none of the outlines is right.
- `nothing`: there is no object.
- `wrong class`: outline `outline` is right, its class is not; `label` may name the right one.
- `skip`: the person cannot tell; the object is not asked about again.
- `missed`: in photo `photo` there is an object at `x`, `y` that no model marked.
- `complete`: in photo `photo` no object is missed beyond those that were said to be.
"""
KINDS: tuple[str, ...] = get_args(AnswerKind)
OF_PHOTOS = ("missed", "complete")

LONGEST_LABEL = 200
_LEAST_CHANCE = 1e-9
_OUTLINED = ("right", "wrong class")
_WANTED: dict[str, tuple[str, ...]] = {
    "right": ("outline",),
    "wrong class": ("outline", "label"),
    "missed": ("photo", "x", "y", "label"),
    "complete": ("photo",),
}


@dataclass(frozen=True, slots=True)
class JudgeAnswer:
    """One answer.

    Attributes:
        answer: what was said.
        question: the object's name; empty for what is said of a photo.
        outline: which of its outlines, from 1.
        label: the right class, where the person named it.
        photo: the photo's name, for what is said of one.
        x, y: pixels of the upright photo from its upper left corner.
        chance: with which this object was drawn from `left` ones; None where it was not.
        left: objects that were not answered then, this one among them.
    """

    answer: AnswerKind
    question: str = ""
    outline: int | None = None
    label: str | None = None
    photo: str | None = None
    x: float | None = None
    y: float | None = None
    chance: float | None = None
    left: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; what does not apply is left out."""
        return {key: value for key, value in asdict(self).items() if value not in (None, "")}


def read_answer(
    value: object, outlines: Mapping[str, int], sizes: Mapping[str, tuple[int, int]]
) -> JudgeAnswer:
    """An answer from outside.

    Args:
        value: an object with `answer`, and `question` or `photo`; what else belongs to the kind.
        outlines: how many outlines each question has.
        sizes: width and height of each photo, pixels.

    Raises:
        InputError: it is none; the sentence says why.
    """
    if not isinstance(value, Mapping):
        raise InputError(f"Expected an answer as a JSON object, got {_shown(value)}.")
    kind = value.get("answer")
    if not isinstance(kind, str) or kind not in KINDS:
        raise InputError(f"There is no answer {_shown(kind)}. There are: {', '.join(KINDS)}.")
    subject = "photo" if kind in OF_PHOTOS else "question"
    taken = {"answer", subject, "chance", "left", *_WANTED.get(kind, ())}
    strange = sorted(str(key)[:40] for key in value.keys() - taken)
    if strange:
        raise InputError(f"The answer “{kind}” has no “{strange[0]}”.")
    if subject == "photo":
        return _of_photo(kind, value, sizes)
    name = _known("question", value.get("question"), outlines)
    outline = _outline(kind, value.get("outline"), outlines[name])
    return JudgeAnswer(
        answer=kind,  # type: ignore[arg-type]
        question=name,
        outline=outline,
        label=_label(value.get("label")),
        chance=_share(value.get("chance")),
        left=_count(value.get("left")),
    )


def _of_photo(
    kind: str, value: Mapping[Any, Any], sizes: Mapping[str, tuple[int, int]]
) -> JudgeAnswer:
    photo = _known("photo", value.get("photo"), sizes)
    if kind == "complete":
        return JudgeAnswer("complete", photo=photo)
    width, height = sizes[photo]
    return JudgeAnswer(
        "missed",
        photo=photo,
        label=_label(value.get("label")),
        x=_inside("x", value.get("x"), width),
        y=_inside("y", value.get("y"), height),
    )


def _known(what: str, name: object, known: Collection[str]) -> str:
    if not isinstance(name, str) or name not in known:
        raise InputError(f"There is no {what} {_shown(name)}. Take its name as it was given.")
    return name


def _outline(kind: str, value: object, most: int) -> int | None:
    if kind not in _OUTLINED:
        return None
    if value is None and kind == "wrong class":
        return 1
    if type(value) is not int or not 1 <= value <= most:
        raise InputError(f"Expected an outline from 1 to {most}, got {_shown(value)}.")
    return value


def _label(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_LABEL:
        raise InputError(
            f"Expected a class as a text of 1 to {LONGEST_LABEL} characters, got {_shown(value)}."
        )
    return value.strip()


def _inside(side: str, value: object, end: int) -> float:
    number = _number(value)
    if number is None or not 0 <= number <= end:
        raise InputError(
            f"Expected {side} in pixels of the photo, 0 to {end}, got {_shown(value)}."
        )
    return number


def _share(value: object) -> float | None:
    number = _number(value)
    if value is not None and (number is None or not _LEAST_CHANCE <= number <= 1):
        raise InputError(f"Expected a chance above 0 and at most 1, got {_shown(value)}.")
    return number


def _count(value: object) -> int | None:
    if value is not None and (type(value) is not int or not 0 < value <= 10**9):
        raise InputError(f"Expected how many objects were left, got {_shown(value)}.")
    return value


def _number(value: object) -> float | None:
    if type(value) not in (int, float):
        return None
    try:
        number = float(value)  # type: ignore[arg-type]
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _shown(value: object) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)[:60]
    except (TypeError, ValueError, RecursionError):
        return type(value).__name__

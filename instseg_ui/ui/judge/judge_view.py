"""A question about one object as a Gradio component: the crop, the outlines, and the keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypedDict

from instseg_ui import images
from instseg_ui.errors import ImageError
from instseg_ui.judge import JudgeQuestion
from instseg_ui.masks import Rle
from instseg_ui.palette import nth
from instseg_ui.settings import Settings
from instseg_ui.ui import uploads
from instseg_ui.ui.judge.desk import JudgeDesk
from instseg_ui.ui.viewer.component import ViewerComponent
from instseg_ui.ui.viewer.picture import display_url


class OutlineValue(TypedDict):
    """What may be right: its number, class, colour, who is behind it, and its mask."""

    number: int
    label: str
    color: str
    models: list[str]
    mask: Rle


class QuestionValue(TypedDict):
    """One question; see `JudgeQuestion`. `url` is the whole photo's."""

    name: str
    photo: str
    url: str
    width: int
    height: int
    crop: list[int]
    state: str
    outlines: list[OutlineValue]


class JudgeValue(TypedDict):
    """The questions in hand, the next one first; `answered` and `left` count objects.

    `gone` are photos that cannot be shown any more, so that nothing is asked about them.
    """

    questions: list[QuestionValue]
    answered: int
    left: int
    begun: bool
    gone: list[str]


def judge_value(desk: JudgeDesk, settings: Settings, cache: Path) -> JudgeValue:
    """The value of a `JudgeView`; the empty one where nothing is judged.

    Where a photo is gone, its questions are left out, and others come in their place.
    """
    if desk.judgement is None:
        return {"questions": [], "answered": 0, "left": 0, "begun": False, "gone": []}
    questions = _shown(desk, settings, cache)
    answered = len({one.question for one in desk.judgement.answers if one.question})
    return {
        "questions": questions,
        "answered": answered,
        "left": desk.judgement.left,
        "begun": True,
        "gone": list(desk.gone),
    }


def _shown(desk: JudgeDesk, settings: Settings, cache: Path) -> list[QuestionValue]:
    """The next questions that can be shown; each round leaves a photo out, until none is gone."""
    for _ in range(len(desk.photos) + 1):
        asked = desk.questions()
        found = [_question(one, desk, settings, cache) for one in asked]
        gone = {one.photo for one, value in zip(asked, found, strict=True) if value is None}
        if not gone:
            return [value for value in found if value is not None]
        for photo in sorted(gone):
            desk.leave_out(photo)
    return []


def _question(
    asked: JudgeQuestion, desk: JudgeDesk, settings: Settings, cache: Path
) -> QuestionValue | None:
    """None where the photo is not there any more."""
    try:
        url = _url(asked.photo, desk, settings, cache)
    except (ImageError, KeyError):
        return None
    return {
        "name": asked.name,
        "photo": asked.photo,
        "url": url,
        "width": asked.width,
        "height": asked.height,
        "crop": list(asked.crop),
        "state": asked.state,
        "outlines": [
            {
                "number": number,
                "label": outline.label,
                "color": nth(number - 1),
                "models": list(models),
                "mask": outline.mask,
            }
            for number, (outline, models) in enumerate(
                zip(asked.outlines, asked.models, strict=True), start=1
            )
        ],
    }


def _url(photo: str, desk: JudgeDesk, settings: Settings, cache: Path) -> str:
    """Where the browser gets a photo; it is decoded when it is first shown."""
    known = desk.urls.get(photo)
    if known is None or not uploads.renewed(known[0]):
        url = display_url(images.read(desk.photos[photo], settings), cache)
        known = desk.urls[photo] = Path(url.partition("file=")[2]), url
    return known[1]


class JudgeView(ViewerComponent):
    """The question that is asked, with its answers as buttons and keys.

    Event ``submit`` with an answer as `judge.read_answer` takes it; ``undo`` takes the last back.
    """

    folder = Path(__file__).parent
    template = "judge.html"
    styles = ("judge.css",)
    script = "on_load_judge.js"
    contents = "questions, answered, left and begun of the judgement"

    @classmethod
    def empty(cls) -> dict[str, Any]:
        """Nothing is judged."""
        return {"questions": [], "answered": 0, "left": 0, "begun": False, "gone": []}

"""From a figure to its pictures: a page of small ones, and one in the viewer with the truth."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor
from pathlib import Path
from typing import Any, cast

import htpy as h

from instseg_ui.errors import InputError
from instseg_ui.evaluate import (
    Case,
    CasePage,
    ModelResult,
    Query,
    confusion,
    find_cases,
    found_in,
    picture_of,
    truth_in,
)
from instseg_ui.evaluate.cases import CASE_KINDS
from instseg_ui.numbers import plural
from instseg_ui.prediction_json import to_json
from instseg_ui.results import Prediction
from instseg_ui.settings import Settings
from instseg_ui.show.evaluation_pictures import picture, titled, words
from instseg_ui.show.evaluation_tables import class_name, confusion_kind, threshold_in_use
from instseg_ui.show.html import markup, notes, nothing
from instseg_ui.ui.viewer.picture import colors_by_id, image_value, prediction_value
from instseg_ui.ui.viewer.viewer import PredictionValue, ViewerValue, viewer_value

KINDS: list[tuple[str, str]] = [
    ("Wrong: all false positives", "false positive"),
    ("Not found: all objects without a right prediction", "not found"),
    ("Loose: right, but IoU below 0.75", "loose"),
    ("Right", "correct"),
    ("Error: wrong class", "classification"),
    ("Error: loose, IoU 0.1 to 0.5", "localisation"),
    ("Error: wrong class and loose", "both"),
    ("Error: duplicate", "duplicate"),
    ("Error: background", "background"),
    ("Error: missed, and no other error explains it", "missed"),
]
SHOWS = [("The case", "case"), ("All, with the truth", "both"), ("Found", "found"),
         ("Truth", "truth")]  # fmt: skip
NO_PICTURE = viewer_value(message={"kind": "empty", "text": "The picture of a case stands here"})
EACH = 12
"""Small pictures of a page."""
_MOST_PAIRS = 15
_TRUTH = "#ffffff"
_TRUTH_IDS = 100_000
"""What is added to a truth's class id, so that it has a colour of its own."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which cases: `kind` as `KINDS` or `confusion_kind` has it, `category` by its place."""

    kind: str
    score: float
    category: int | None = None


def kinds_of(result: ModelResult | None) -> list[tuple[str, str]]:
    """The kinds to choose from, the model's worst pairs of classes among them."""
    if result is None:
        return list(KINDS)
    pairs = result.confusion().confused()[:_MOST_PAIRS]
    return KINDS + [(pair_words(result, kind), kind) for kind in map(confusion_kind, pairs)]


def pair_words(result: ModelResult | None, kind: str) -> str:
    """`Confused: dog found as cat`, of a kind as `confusion_kind` makes it."""
    names = [category.name for category in result.dataset.categories] if result else []
    try:
        truth, seen = _pair_of(kind.split(":")[1:], len(names))
    except InputError:
        return "Confused"
    true_name = class_name(names, truth, "no object")
    return f"Confused: {true_name} found as {class_name(names, seen, 'nothing')}"


def query_of(asked: Asked, categories: int) -> Query:
    """The query of the library.

    Raises:
        InputError: no such kind or class.
    """
    kind, *places = asked.kind.split(":")
    if kind == "confusion":
        truth, seen = _pair_of(places, categories)
        return Query("confusion", min_score=asked.score, category=seen, truth=truth)
    if kind not in CASE_KINDS or places:
        raise InputError(f"There is no kind of case “{asked.kind[:40]}”. Choose one of the list.")
    if asked.category is not None and not 0 <= asked.category < categories:
        raise InputError("The data set has no such class. Choose one of the list.")
    return Query(kind, min_score=asked.score, category=asked.category)


def _pair_of(places: list[str], categories: int) -> tuple[int, int]:
    try:
        truth, seen = (int(one) for one in places)
    except ValueError:
        truth = seen = categories
    if not all(confusion.NOTHING <= one < categories for one in (truth, seen)):
        raise InputError("There is no such pair of classes. Choose one of the list.")
    return truth, seen


def page_of(result: ModelResult, asked: Asked, place: int) -> CasePage:
    """The page of cases that has the one at `place`. Raises `InputError`."""
    query = query_of(asked, len(result.dataset.categories))
    return find_cases(result, query, offset=place // EACH * EACH, limit=EACH)


def gallery_html(result: ModelResult, page: CasePage, place: int, settings: Settings) -> str:
    """The page's cases as small pictures, each a button; `place` is the one in the viewer."""
    if not page.total:
        return nothing("There is no such case. Choose another kind, class or score.")
    first = place // EACH * EACH
    shown = f"{first + 1:,} to {first + len(page.cases):,} of {plural(page.total, 'case')}"
    buttons = (
        _thumbnail(result, case, first + i, first + i == place, settings)
        for i, case in enumerate(page.cases)
    )
    return markup(notes(f"{shown}, the gravest first."), h.div(".eval-cases")[buttons])


def _thumbnail(
    result: ModelResult, case: Case, place: int, chosen: bool, settings: Settings
) -> h.Element:
    data = {"data-place": str(place), "aria-pressed": "true" if chosen else None}
    return h.button(data, type="button", title=titled(result, case))[
        picture(result, case, settings), h.span[words(case)]
    ]


def caption_html(result: ModelResult, page: CasePage, place: int) -> str:
    """Which case is in the viewer."""
    case = page.cases[place % EACH]
    entry = result.dataset.images[case.image]
    parts = (result.model, words(case), f"{entry.name} ({entry.width} × {entry.height})")
    head = h.b[f"Case {place + 1:,} of {page.total:,}"]
    return markup(h.p(".eval-facts", role="status")[head, (f" · {part}" for part in parts)])


def viewer_of(
    result: ModelResult, case: Case, show: str, settings: Settings, cache: Path
) -> ViewerValue:
    """One case in the viewer: predictions filled, the truth as an outline.

    Raises:
        ImageError: the picture cannot be read.
    """
    photo = picture_of(result.dataset, case.image, settings)
    found = found_in(result, case.image)
    value = _prediction(result, case, show, found)
    colors = colors_by_id(found) | {
        str(one["class_id"]): _TRUTH for one in value["instances"] if "outline" in one
    }
    return viewer_value(
        image=image_value(photo, cache),
        prediction=value,
        colors=colors,
        threshold=_threshold(result, case),
    )


def _threshold(result: ModelResult, case: Case) -> float:
    """Where the viewer's threshold begins: at the model's best, lower if the case is lower."""
    best = threshold_in_use(result)
    return best if case.score is None else min(best, floor(100 * case.score) / 100)


def _prediction(result: ModelResult, case: Case, show: str, found: Prediction) -> PredictionValue:
    value = prediction_value(found)
    instances: list[dict[str, Any]] = []
    if show != "truth":
        instances += [
            dict(row)
            for i, row in enumerate(value["instances"])
            if show != "case" or i == case.prediction
        ]
    if show != "found":
        instances += _truths(result, case, only=show == "case")
    return cast(PredictionValue, {**value, "instances": instances})


def _truths(result: ModelResult, case: Case, *, only: bool) -> list[dict[str, Any]]:
    truth = truth_in(result.dataset, case.image)
    places = [one.place for one in result.dataset.truths_of(case.image) if not one.crowd]
    return [
        row
        | {
            "class_id": _TRUTH_IDS + row["class_id"],
            "label": f"truth: {row['label']}",
            "outline": True,
        }
        for place, row in zip(places, _rows(truth), strict=True)
        if not only or place == case.truth
    ]


def _rows(prediction: Prediction) -> list[dict[str, Any]]:
    return [dict(row) for row in to_json(prediction)["instances"]]

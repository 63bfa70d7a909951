"""Cases as small pictures: the prediction filled, the truth as a white outline."""

from __future__ import annotations

import base64

import cv2
import htpy as h
import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from instseg_ui.errors import ImageError
from instseg_ui.evaluate.cases import Case, CaseKind, Query, find_cases, found_in, picture_of
from instseg_ui.evaluate.results import ModelResult
from instseg_ui.exports.overlay import overlay
from instseg_ui.masks import Rle, decode_crop
from instseg_ui.numbers import score, three
from instseg_ui.palette import class_colors
from instseg_ui.results import Instances
from instseg_ui.settings import Settings
from instseg_ui.show.html import markup

SHOWN: tuple[tuple[str, CaseKind], ...] = (
    ("Wrong, highest scores", "false positive"),
    ("Missed, largest objects", "not found"),
    ("Loose, lowest IoU", "loose"),
)
_EACH = 4
_SIDE = 360
_QUALITY = 80
_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)
_MARGIN = 0.6  # of the object's size, around it

Pixels = npt.NDArray[np.uint8]


def gallery(result: ModelResult, settings: Settings) -> Markup:
    """The gravest cases of each kind."""
    return markup(_kind(result, title, kind, settings) for title, kind in SHOWN)


def _kind(result: ModelResult, title: str, kind: CaseKind, settings: Settings) -> h.Node:
    page = find_cases(result, Query(kind, min_score=result.threshold), limit=_EACH)
    if not page.cases:
        return None
    figures = (
        h.figure[picture(result, case, settings), h.figcaption[titled(result, case)]]
        for case in page.cases
    )
    return [h.h4[f"{title} (n = {page.total:,})"], h.div(".cases")[figures]]


def picture(result: ModelResult, case: Case, settings: Settings) -> h.BaseElement:
    """A case as a small picture, or why there is none."""
    try:
        uri = _data_uri(draw(result, case, settings))
    except ImageError as error:
        return h.span(".no-picture")[str(error)]
    # Not loaded late: a printed report has all of them.
    return h.img(src=uri, alt="")


def titled(result: ModelResult, case: Case) -> str:
    """A case in a line, after the name of its image."""
    return f"{result.dataset.images[case.image].name}: {words(case)}"


def words(case: Case) -> str:
    """A case in a line: what was found, what it is."""
    if case.predicted is None or case.score is None:
        return f"{case.expected} not found"
    iou = "" if case.iou is None else f", IoU {three(case.iou)}"
    truth = "nothing there" if case.expected is None else f"truth {case.expected}{iou}"
    return f"{case.predicted} {score(case.score, 3)}, {truth}"


def draw(result: ModelResult, case: Case, settings: Settings) -> Pixels:
    """The part of the picture around a case. Raises `ImageError`."""
    pixels = picture_of(result.dataset, case.image, settings).pixels
    chosen, colors = Instances.from_rows([]), None
    if case.prediction is not None:
        found = found_in(result, case.image)
        chosen, colors = found.instances[case.prediction], class_colors(found.classes)
    drawn = overlay(pixels, chosen, threshold=0.0, labels=False, colors=colors)
    boxes = chosen.boxes.tolist()
    if case.truth is not None:
        first = int(result.dataset.truths.of(case.image).start)
        mask = list(result.dataset.truths_of(case.image))[case.truth - first].mask
        boxes.append(_outline(drawn, mask))
    return _cut(drawn, boxes)


def _outline(canvas: Pixels, mask: Rle) -> list[float]:
    """Draw a mask's outline; its box x0, y0, x1, y1."""
    crop, (x, y) = decode_crop(mask)
    contours, _ = cv2.findContours(crop, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE, offset=(x, y))
    width = max(1, round(max(canvas.shape[:2]) / 300))
    for tint, line in ((_BLACK, 2 * width + 1), (_WHITE, width)):
        cv2.drawContours(canvas, contours, -1, tint, line)
    return [float(x), float(y), float(x + crop.shape[1]), float(y + crop.shape[0])]


def _cut(pixels: Pixels, boxes: list[list[float]]) -> Pixels:
    """The boxes with some room around, scaled down to a small picture."""
    height, width = pixels.shape[:2]
    sides = np.array(boxes).reshape(-1, 4)
    x0, y0 = sides[:, :2].min(axis=0)
    x1, y1 = sides[:, 2:].max(axis=0)
    room = _MARGIN * max(x1 - x0, y1 - y0, 40)
    left, top = int(max(0, x0 - room)), int(max(0, y0 - room))
    cut = pixels[top : int(min(height, y1 + room)), left : int(min(width, x1 + room))]
    scale = min(1.0, _SIDE / max(cut.shape[:2]))
    size = max(1, round(cut.shape[1] * scale)), max(1, round(cut.shape[0] * scale))
    return np.asarray(cv2.resize(cut, size, interpolation=cv2.INTER_AREA), np.uint8)


def _data_uri(pixels: Pixels) -> str:
    data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()
    return f"data:image/jpeg;base64,{base64.b64encode(data).decode('ascii')}"

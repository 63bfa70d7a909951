"""Cases as small pictures: the prediction filled, the truth as a white outline."""

from __future__ import annotations

import base64
from html import escape

import cv2
import numpy as np
import numpy.typing as npt

from instseg_ui.errors import ImageError
from instseg_ui.evaluate.cases import Case, CaseKind, Query, find_cases, found_in, picture_of
from instseg_ui.evaluate.results import ModelResult
from instseg_ui.exports.overlay import overlay
from instseg_ui.masks import Rle, decode_crop
from instseg_ui.numbers import score
from instseg_ui.results import Instances
from instseg_ui.settings import Settings

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


def gallery(result: ModelResult, settings: Settings) -> str:
    """The gravest cases of each kind as HTML."""
    parts = []
    for title, kind in SHOWN:
        page = find_cases(result, Query(kind, min_score=result.threshold), limit=_EACH)
        if page.cases:
            shown = "".join(_figure(result, case, settings) for case in page.cases)
            parts.append(f'<h4>{title} (n = {page.total})</h4><div class="cases">{shown}</div>')
    return "".join(parts)


def _figure(result: ModelResult, case: Case, settings: Settings) -> str:
    words = escape(_words(result, case))
    try:
        uri = _data_uri(draw(result, case, settings))
    except ImageError as error:
        return f"<figure><figcaption>{words}: {escape(str(error))}</figcaption></figure>"
    return f'<figure><img src="{uri}" alt="{words}"><figcaption>{words}</figcaption></figure>'


def _words(result: ModelResult, case: Case) -> str:
    name = result.dataset.images[case.image].name
    said = f"{case.predicted} {score(case.score)}" if case.score is not None else "nothing"
    truth = f", truth {case.expected}" if case.expected else ""
    iou = f", IoU {case.iou:.2f}" if case.iou is not None else ""
    return f"{name}: {said}{truth}{iou}"


def draw(result: ModelResult, case: Case, settings: Settings) -> Pixels:
    """The part of the picture around a case. Raises `ImageError`."""
    picture = picture_of(result.dataset, case.image, settings).pixels
    chosen = Instances.from_rows([])
    if case.prediction is not None:
        chosen = found_in(result, case.image).instances[case.prediction]
    drawn = overlay(picture, chosen, threshold=0.0, labels=False)
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

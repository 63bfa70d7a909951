"""Pictures, predictions and readers that the tests of the exports share."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from instseg_ui.exports import ExportFile, Item
from instseg_ui.images import Image
from instseg_ui.masks import box_of, decode, encode
from instseg_ui.results import Instance, Instances, Prediction, Runtime, Timings

Mask = npt.NDArray[np.bool_]
LABELS = ("cat", "dog", "bird")


def ellipse(width: int, height: int, x: float, y: float, rx: float, ry: float) -> Mask:
    ys, xs = np.mgrid[:height, :width]
    return np.asarray(((xs - x) / rx) ** 2 + ((ys - y) / ry) ** 2 <= 1)


def ring_shape() -> Mask:
    """A disc with a hole, an island in the hole, and a bar that touches by a corner."""
    mask = ellipse(160, 120, 60, 60, 45, 40) & ~ellipse(160, 120, 60, 60, 20, 16)
    mask |= ellipse(160, 120, 60, 60, 6, 5)
    return mask


def thin() -> Mask:
    """One-pixel lines: a frame with a diagonal."""
    mask = np.zeros((120, 160), bool)
    mask[20, 30:90] = mask[70, 30:90] = True
    mask[20:71, 30] = mask[20:71, 89] = True
    steps = np.arange(40)
    mask[25 + steps, 35 + steps] = mask[25 + steps, 36 + steps] = True
    return mask


def dot() -> Mask:
    mask = np.zeros((120, 160), bool)
    mask[119, 159] = True
    return mask


def prediction(
    masks: Sequence[Mask],
    *,
    size: tuple[int, int] = (120, 160),
    labels: Sequence[str] = LABELS,
    scores: Sequence[float] = (),
) -> Prediction:
    """Masks of classes 0, 1, 2, 0, ... with falling scores, in a picture of `size` (H, W)."""
    values = scores or [0.95 - 0.9 * i / max(1, len(masks)) for i in range(len(masks))]
    rows = []
    for i, (mask, score) in enumerate(zip(masks, values, strict=True)):
        rle = encode(mask)
        class_id = i % len(labels)
        rows.append(Instance(class_id, labels[class_id], score, box_of(rle), int(mask.sum()), rle))
    return Prediction(
        model="test",
        width=size[1],
        height=size[0],
        instances=Instances.from_rows(rows),
        timings=Timings(),
        runtime=Runtime("fake", "cpu", 1),
        floor=0.05,
        labels=tuple(labels),
    )


def picture(size: tuple[int, int] = (120, 160)) -> Image:
    pixels = np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)
    return Image(pixels=pixels, digest="0" * 64)


def item(masks: Iterable[Mask], name: str = "photo.jpg", **options: Any) -> Item:
    return Item(prediction(list(masks), **options), picture(), name)


def rich() -> Item:
    """One picture with a compound, a thin, a tiny, and an empty mask."""
    return item([ring_shape(), thin(), dot(), np.zeros((120, 160), bool)])


def masks_of(item: Item) -> list[Mask]:
    return [decode(mask) for mask in item.prediction.instances.masks]


def files(export: ExportFile) -> dict[str, bytes]:
    """The files of an archive, in their order."""
    with zipfile.ZipFile(io.BytesIO(export.data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def parsed(export: ExportFile) -> Any:
    return json.loads(export.data)


def iou(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> float:
    first, second = first.astype(bool), second.astype(bool)
    return float((first & second).sum() / max(1, (first | second).sum()))


@st.composite
def blobs(draw: st.DrawFn) -> Mask:
    """Masks with holes, several parts and single pixels, each pixel 1 to 7 pixels large."""
    shape = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12)
    seed = draw(hnp.arrays(bool, shape).filter(lambda mask: bool(mask.any())))
    scale = draw(st.sampled_from([1, 1, 3, 7]))
    before, after = draw(st.integers(0, 3)), draw(st.integers(0, 3))
    return np.pad(seed.repeat(scale, 0).repeat(scale, 1), (before, after))

"""The overlay shows each instance in its class's colour, and nothing else changes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from instseg_ui import masks
from instseg_ui.errors import InputError
from instseg_ui.exports.overlay import overlay
from instseg_ui.palette import class_colors
from instseg_ui.results import Instance, Instances

HEIGHT, WIDTH = 60, 80
FILL = {"outlines": False, "labels": False}
Pixels = npt.NDArray[np.uint8]


def image() -> Pixels:
    return np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


def instance(
    box: tuple[int, int, int, int], class_id: int = 0, score: float = 0.9, label: str = ""
) -> Instance:
    label = label or f"class {class_id}"
    mask = np.zeros((HEIGHT, WIDTH), bool)
    x0, y0, x1, y1 = box
    mask[y0:y1, x0:x1] = True
    corners = (float(x0), float(y0), float(x1), float(y1))
    return Instance(class_id, label, score, corners, int(mask.sum()), masks.encode(mask))


def found(*rows: Instance) -> Instances:
    return Instances.from_rows(rows)


def tint(label: str, *beside: str) -> list[int]:
    """A class's colour, BGR, in a picture that shows the others too."""
    return list(bytes.fromhex(class_colors((label, *beside))[label][1:]))[::-1]


@given(hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=24)))
def test_a_decoded_crop_is_its_part_of_the_frame(mask: npt.NDArray[np.bool_]) -> None:
    crop, (x, y) = masks.decode_crop(masks.encode(mask))
    frame = np.zeros(mask.shape, np.uint8)
    frame[y : y + crop.shape[0], x : x + crop.shape[1]] = crop
    assert np.array_equal(frame, mask)
    if mask.any():
        assert masks.extent(mask) == (x, y, x + crop.shape[1], y + crop.shape[0])
    else:
        assert crop.size == 0


@given(st.text(st.characters(min_codepoint=48, max_codepoint=111), max_size=8))
def test_whatever_is_valid_decodes_inside_its_crop(counts: str) -> None:
    rle: masks.Rle = {"size": [3, 4], "counts": counts}
    if masks.is_valid(rle, 3, 4):
        crop, (x, y) = masks.decode_crop(rle)
        frame = np.zeros((3, 4), bool)
        frame[y : y + crop.shape[0], x : x + crop.shape[1]] = crop
        assert np.array_equal(frame, masks.decode(rle))


def test_a_large_mask_decodes_inside_its_crop() -> None:
    mask = np.zeros((2000, 3000), bool)
    mask[10:1990, 100:2900] = np.random.default_rng(0).random((1980, 2800)) > 0.999
    crop, (x, y) = masks.decode_crop(masks.encode(mask))
    assert np.array_equal(crop, mask[y : y + crop.shape[0], x : x + crop.shape[1]])
    assert crop.sum() == mask.sum()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_minus_zero_is_background_and_not_a_number_is_not(dtype: type) -> None:
    mask = np.full((4, 5), -0.0, dtype)
    assert masks.extent(mask) is None
    mask[2, 3] = np.nan
    assert masks.extent(mask) == (3, 2, 4, 3)


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.uint16, np.int32, np.int64, np.uint64])
def test_every_whole_number_but_zero_is_foreground(dtype: type) -> None:
    mask = np.zeros((4, 5), dtype)
    mask[1, 2], mask[3, 1] = np.iinfo(dtype).min or 1, 2
    assert masks.extent(mask) == (1, 1, 3, 4)


def test_the_input_is_not_changed() -> None:
    pixels = image()
    before = pixels.copy()
    pixels.flags.writeable = False
    result = overlay(pixels, found(instance((5, 30, 40, 50))), boxes=True)
    assert np.array_equal(pixels, before)
    assert result.shape == pixels.shape
    assert result.dtype == np.uint8
    assert not np.array_equal(result, pixels)


def test_the_fill_mixes_the_class_colour_into_the_mask_only() -> None:
    pixels, box = image(), (10, 20, 30, 50)
    result = overlay(pixels, found(instance(box, class_id=3)), opacity=0.25, **FILL)
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[20:50, 10:30] = True
    mixed = np.rint(pixels[mask] * np.float32(0.75) + np.float32(0.25) * np.array(tint("class 3")))
    assert np.abs(result[mask] - mixed).max() <= 1
    assert np.array_equal(result[~mask], pixels[~mask])


@pytest.mark.parametrize("opacity", [0.0, 1.0])
def test_the_ends_of_opacity_are_exact(opacity: float) -> None:
    pixels = image()
    result = overlay(pixels, found(instance((0, 0, WIDTH, HEIGHT), 2)), opacity=opacity, **FILL)
    expected = np.broadcast_to(tint("class 2"), pixels.shape) if opacity else pixels
    assert np.array_equal(result, expected)


def test_a_class_has_one_colour_whatever_the_order() -> None:
    left, right = (0, 0, 20, HEIGHT), (40, 0, 60, HEIGHT)
    once = overlay(image(), found(instance(left, 1, 0.9), instance(right, 5, 0.8)), **FILL)
    again = overlay(image(), found(instance(left, 1, 0.8), instance(right, 5, 0.9)), **FILL)
    assert np.array_equal(once, again)


def test_a_model_says_the_colours_of_its_classes() -> None:
    rows, colors = found(instance((0, 0, 20, 20), 1)), {"class 1": "#102030", "class 2": "#405060"}
    result = overlay(image(), rows, opacity=1.0, colors=colors, **FILL)
    assert result[10, 10].tolist() == [0x30, 0x20, 0x10]


def test_the_highest_score_lies_on_top() -> None:
    box = (0, 0, 20, 20)
    rows = found(instance(box, 1, 0.7), instance(box, 4, 0.9))
    result = overlay(image(), rows, opacity=1.0, **FILL)
    assert result[10, 10].tolist() == tint("class 4", "class 1")


def test_below_the_threshold_nothing_is_drawn() -> None:
    pixels = image()
    rows = found(instance((5, 5, 30, 30), score=0.4))
    assert np.array_equal(overlay(pixels, rows, threshold=0.5), pixels)
    assert not np.array_equal(overlay(pixels, rows, threshold=0.4), pixels)


def test_an_empty_mask_is_drawn_as_nothing() -> None:
    pixels = image()
    assert np.array_equal(overlay(pixels, found(instance((5, 5, 5, 5)))), pixels)


def test_outlines_and_boxes_are_drawn_in_the_class_colour() -> None:
    rows, plain = found(instance((10, 20, 30, 50), 6)), {"labels": False, "opacity": 0.0}
    outline = overlay(image(), rows, outlines=True, **plain)
    box = overlay(image(), rows, outlines=False, boxes=True, **plain)
    assert outline[35, 10].tolist() == outline[20, 15].tolist() == tint("class 6")
    assert box[35, 29].tolist() == box[49, 20].tolist() == tint("class 6")


@pytest.mark.parametrize(
    "label", ["cat", "кот", "貓", "a label wider than the whole image" * 3, ""]
)
@pytest.mark.parametrize("box", [(0, 0, 4, 4), (76, 56, 80, 60), (30, 20, 50, 40)])
def test_any_label_is_written_inside_the_image(label: str, box: tuple[int, int, int, int]) -> None:
    pixels = image()
    result = overlay(pixels, found(instance(box, label=label)), outlines=False, opacity=0.0)
    assert not np.array_equal(result, pixels)


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1)])
def test_the_smallest_images_can_be_drawn(size: tuple[int, int]) -> None:
    mask = masks.encode(np.ones(size, bool))
    rows = found(Instance(0, "cat", 0.9, (0.0, 0.0, float(size[1]), float(size[0])), 1, mask))
    assert overlay(np.zeros((*size, 3), np.uint8), rows, boxes=True).shape == (*size, 3)


def test_a_mask_of_another_image_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Expected masks of \[30, 40\]"):
        overlay(np.zeros((30, 40, 3), np.uint8), found(instance((5, 5, 10, 10))))


def test_a_threshold_outside_0_to_1_is_refused() -> None:
    with pytest.raises(InputError, match="threshold"):
        overlay(image(), found(), threshold=1.5)

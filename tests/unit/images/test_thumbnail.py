"""A picture's small copy for lists: upright, small, and a sentence for what is no picture."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import ExifTags
from PIL import Image as Pil

from instseg_ui.errors import ImageError
from instseg_ui.images.thumbnail import SIDE, thumbnail
from instseg_ui.settings import Settings

LIMITS = Settings(max_pixels=100_000, max_upload=200_000)


def made(folder: Path, size: tuple[int, int], form: str = "PNG", mode: str = "RGB", **more) -> Path:
    path = folder / f"picture.{form.lower()}"
    Pil.new(mode, size).save(path, form, **more)
    return path


def opened(path: Path) -> Pil.Image:
    small = Pil.open(io.BytesIO(thumbnail(path, LIMITS)))
    assert (small.format, small.mode) == ("JPEG", "RGB")
    return small


@pytest.mark.parametrize(
    ("size", "small"),
    [((400, 200), (SIDE, SIDE // 2)), ((100, 300), (SIDE // 3, SIDE)), ((20, 10), (20, 10))],
)
def test_its_longest_side_is_short(tmp_path, size, small):
    assert opened(made(tmp_path, size)).size == small


@pytest.mark.parametrize(
    ("form", "mode"),
    [("PNG", "RGBA"), ("PNG", "I;16"), ("JPEG", "CMYK"), ("GIF", "P"), ("PNG", "1")],
)
def test_it_is_a_jpeg_whatever_the_picture_is(tmp_path, form, mode):
    assert opened(made(tmp_path, (300, 300), form, mode)).size == (SIDE, SIDE)


def test_it_is_upright(tmp_path):
    exif = Pil.Exif()
    exif[ExifTags.Base.Orientation] = 6
    assert opened(made(tmp_path, (400, 200), "JPEG", exif=exif)).size == (SIDE // 2, SIDE)


def test_nothing_of_exif_goes_along(tmp_path):
    exif = Pil.Exif()
    exif[ExifTags.Base.Make] = "a camera of somebody"
    data = thumbnail(made(tmp_path, (400, 200), "JPEG", exif=exif), LIMITS)
    assert b"somebody" not in data


def test_a_picture_that_could_be_scaled_down_has_one_too(tmp_path):
    assert opened(made(tmp_path, (600, 600), "PNG", "L")).size == (SIDE, SIDE)
    assert opened(made(tmp_path, (3000, 3000), "JPEG")).size == (SIDE, SIDE)
    with pytest.raises(ImageError, match="too large"):
        thumbnail(made(tmp_path, (1000, 1000), "PNG", "1"), LIMITS)


def test_what_is_no_picture_gets_a_sentence(tmp_path):
    whole = made(tmp_path, (300, 300), "JPEG").read_bytes()
    contents = {
        "empty.png": (b"", "0 bytes"),
        "text.png": (b"Not a photo.", "not an image"),
        "cut.jpg": (whole[: len(whole) // 2], "cut off"),
        "heavy.png": (bytes(200_001), "are accepted"),
    }
    for name, (data, sentence) in contents.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ImageError, match=sentence):
            thumbnail(tmp_path / name, LIMITS)
    with pytest.raises(ImageError, match="could not be read"):
        thumbnail(tmp_path / "gone.png", LIMITS)

"""A picture with too many pixels is scaled down to what is accepted."""

from __future__ import annotations

import io

import pytest
from PIL import Image as Pil

from instseg_ui import images
from instseg_ui.errors import ImageError, ImageSizeError
from instseg_ui.images.image import fitting
from instseg_ui.images.scaled import scaled_down
from instseg_ui.settings import Settings

LIMITS = Settings(max_pixels=10_000, max_side=150)


def picture(width: int, height: int, form: str = "JPEG", **options: object) -> bytes:
    file = io.BytesIO()
    half = Pil.new("RGB", (width, height), "blue")
    half.paste("red", (0, 0, width // 2, height))
    half.save(file, form, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("size", "fits"),
    [((100, 100), (100, 100)), ((200, 200), (100, 100)), ((1000, 10), (150, 1)), ((8, 4), (8, 4))],
)
def test_the_largest_size_that_is_accepted(size, fits):
    assert fitting(*size, LIMITS) == fits
    assert fits[0] * fits[1] <= LIMITS.max_pixels


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_what_was_refused_is_accepted_when_scaled(form):
    data = picture(180, 120, form)
    with pytest.raises(ImageSizeError, match="Scale it down") as refusal:
        images.decode(data, LIMITS)
    assert refusal.value.share == pytest.approx(122 / 180)
    small, before, now = scaled_down(data, LIMITS)
    image = images.decode(small, LIMITS)
    assert before == (180, 120)
    assert (image.width, image.height) == now == (122, 81)
    blue, _, red = image.pixels[40, 10].tolist()
    assert red > 200 > 60 > blue, "left is red"


def test_a_photo_of_a_turned_phone_stands_upright():
    exif = Pil.Exif()
    exif[0x0112] = 6
    small, before, now = scaled_down(picture(240, 120, exif=exif), LIMITS)
    image = images.decode(small, LIMITS)
    assert before == (120, 240)
    assert (image.width, image.height) == now
    assert now[0] < now[1]
    assert image.pixels[10, now[0] // 2].tolist()[2] > 200, "what was left is above"


def test_what_is_far_too_large_is_not_decoded():
    with pytest.raises(ImageError, match="too large to be scaled here"):
        scaled_down(picture(400, 300, "PNG"), LIMITS)
    small, _, now = scaled_down(picture(1600, 1200), LIMITS)
    assert now[0] * now[1] <= LIMITS.max_pixels, "a JPEG is read at a fraction"
    assert len(small) < 50_000


def test_damaged_data_is_a_sentence():
    with pytest.raises(ImageError, match="damaged or cut off"):
        scaled_down(picture(180, 120)[:500], LIMITS)

"""From any upload to upright BGR pixels, or one sentence that says why not."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image as Pil

from instseg_ui import images
from instseg_ui.errors import ImageError
from instseg_ui.images import Image, decode, from_array, read
from instseg_ui.images import image as image_module
from instseg_ui.settings import Settings
from tests.unit.factories import Pixels, png

SETTINGS = Settings()
HEIGHT, WIDTH = 24, 32
LOSSLESS: dict[str, dict[str, Any]] = {
    "WEBP": {"lossless": True},
    "JPEG": {"quality": 95, "subsampling": 0},  # as near as it gets
}


def photo(height: int = HEIGHT, width: int = WIDTH) -> Pixels:
    """A smooth image whose corners differ, BGR."""
    y, x = np.mgrid[0:height, 0:width]
    values = np.stack([x * 255 / width, y * 255 / height, 255 - x * 255 / width], 2)
    values[: height // 3, : width // 3] = (10, 20, 240)
    return values.astype(np.uint8)


def saved(picture: Pil.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def pil(pixels: Pixels) -> Pil.Image:
    return Pil.fromarray(np.ascontiguousarray(pixels[:, :, ::-1]))


def by_opencv(data: bytes) -> Pixels:
    """What PaddleX sees of such a file: it reads with `cv2.imread(path, IMREAD_COLOR)`."""
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def assert_sound(image: Image) -> None:
    assert image.pixels.dtype == np.uint8
    assert image.pixels.shape == (image.height, image.width, 3)
    assert image.pixels.flags.c_contiguous
    assert image.decode_ms >= 0


def refusal(data: bytes, settings: Settings = SETTINGS, name: str = "image") -> str:
    with pytest.raises(ImageError) as refused:
        decode(data, settings, name)
    return str(refused.value)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM"])
def test_a_lossless_file_gives_its_pixels(kind: str) -> None:
    image = decode(saved(pil(photo()), kind), SETTINGS)
    assert_sound(image)
    assert np.array_equal(image.pixels, photo())
    assert image.notes == ()


@pytest.mark.parametrize("kind", ["WEBP", "AVIF", "GIF"])
def test_other_formats_give_nearly_their_pixels(kind: str) -> None:
    image = decode(saved(pil(photo()), kind), SETTINGS)
    assert_sound(image)
    assert np.abs(image.pixels.astype(int) - photo()).mean() < 12


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("size", [(HEIGHT, WIDTH), (37, 51), (481, 641)])
def test_a_jpeg_gives_what_paddlex_reads(
    subsampling: int, progressive: bool, size: tuple[int, int]
) -> None:
    data = saved(
        pil(photo(*size)), "JPEG", quality=90, subsampling=subsampling, progressive=progressive
    )
    assert np.array_equal(decode(data, SETTINGS).pixels, by_opencv(data))


def test_a_png_gives_what_paddlex_reads() -> None:
    assert np.array_equal(decode(png(photo()), SETTINGS).pixels, by_opencv(png(photo())))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_upright_whatever_its_orientation(kind: str, orientation: int) -> None:
    turns: dict[int, Callable[[Pixels], Pixels]] = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }
    exif = Pil.Exif()
    exif[0x0112] = orientation
    data = saved(pil(turns[orientation](photo())), kind, exif=exif, **LOSSLESS.get(kind, {}))
    image = decode(data, SETTINGS)
    assert (image.height, image.width) == (HEIGHT, WIDTH)
    assert np.abs(image.pixels.astype(int) - photo()).max() <= (60 if kind == "JPEG" else 0)
    if kind == "JPEG":
        assert np.array_equal(image.pixels, by_opencv(data))


def test_a_nonsense_orientation_is_ignored() -> None:
    exif = Pil.Exif()
    exif[0x0112] = 77
    assert decode(saved(pil(photo()), "JPEG", exif=exif), SETTINGS).width == WIDTH


@pytest.mark.parametrize("mode", ["L", "1", "P"])
def test_gray_and_palette_become_three_channels(mode: str) -> None:
    picture = pil(photo()).convert(mode)
    image = decode(saved(picture, "PNG"), SETTINGS)
    assert_sound(image)
    assert np.array_equal(image.pixels[:, :, ::-1], np.asarray(picture.convert("RGB")))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_parts_are_laid_on_white(mode: str) -> None:
    picture = pil(np.zeros((4, 4, 3), np.uint8)).convert(mode)
    alpha = np.array([[0, 128, 255, 255]] * 4, np.uint8)
    picture.putalpha(Pil.fromarray(alpha))
    image = decode(saved(picture, "PNG"), SETTINGS)
    assert image.pixels[0, :, 0].tolist() == [255, 127, 0, 0]
    assert image.notes == ("Transparent parts are laid on white.",)


def test_a_transparent_palette_colour_is_laid_on_white() -> None:
    picture = Pil.fromarray(np.array([[0, 1]], np.uint8))
    picture.putpalette([10, 20, 30, 40, 50, 60])
    image = decode(saved(picture, "PNG", transparency=0), SETTINGS)
    assert image.pixels.tolist() == [[[255, 255, 255], [60, 50, 40]]]
    assert image.notes


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_become_eight(kind: str) -> None:
    deep = np.linspace(0, 65535, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH).astype(np.uint16)
    data = saved(Pil.fromarray(deep), kind)
    image = decode(data, SETTINGS)
    assert_sound(image)
    assert image.notes == ("Its depth was reduced to 8 bits a channel.",)
    assert np.abs(image.pixels[:, :, 0] - deep / 257).max() <= 0.5
    assert np.abs(image.pixels.astype(int) - by_opencv(data)).max() <= 1


@pytest.mark.parametrize("channels", [3, 4])
def test_sixteen_bit_colours_become_eight(channels: int) -> None:
    deep = np.repeat(photo().astype(np.uint16)[:, :, :1] * 257, channels, axis=2)
    deep[:, :, 1] //= 2
    deep[:, :, 3:] = 65535
    data = cv2.imencode(".png", deep)[1].tobytes()
    assert np.abs(decode(data, SETTINGS).pixels.astype(int) - by_opencv(data)).max() <= 1


@pytest.mark.parametrize("top", [1.0, 1000.0])
def test_a_float_image_is_scaled_to_its_largest_value(top: float) -> None:
    values = np.linspace(0, top, HEIGHT * WIDTH, dtype=np.float32).reshape(HEIGHT, WIDTH)
    values[0, 0] = np.nan
    image = decode(saved(Pil.fromarray(values), "TIFF"), SETTINGS)
    assert_sound(image)
    assert image.pixels[-1, -1].tolist() == [255, 255, 255]
    assert image.pixels[0, 0].tolist() == [0, 0, 0]


def test_a_float_image_without_light_is_black() -> None:
    image = decode(saved(Pil.fromarray(np.zeros((3, 3), np.float32)), "TIFF"), SETTINGS)
    assert not image.pixels.any()


def test_a_cmyk_jpeg_becomes_bgr() -> None:
    picture = pil(photo()).convert("CMYK")
    image = decode(saved(picture, "JPEG", quality=95), SETTINGS)
    assert_sound(image)
    assert np.abs(image.pixels.astype(int) - photo()).mean() < 5


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "TIFF", "PNG"])
def test_of_many_frames_the_first_is_taken_and_this_is_said(kind: str) -> None:
    colors = [(255, 0, 0), (0, 255, 0), (0, 0, 255)]
    frames = [Pil.new("RGB", (8, 8), color) for color in colors]
    data = saved(frames[0], kind, save_all=True, append_images=frames[1:])
    image = decode(data, SETTINGS)
    assert image.notes == ("Only the first of 3 frames is used.",)
    assert np.abs(image.pixels[4, 4].astype(int) - (0, 0, 255)).max() <= 5


def test_a_phones_double_picture_is_not_an_animation() -> None:
    frames = [pil(photo()), pil(photo(8, 8))]
    data = saved(frames[0], "MPO", save_all=True, append_images=frames[1:])
    assert decode(data, SETTINGS).notes == ()


def test_no_bytes_are_no_image() -> None:
    assert refusal(b"") == "The file is empty (0 bytes). Upload an image file."


@pytest.mark.parametrize(
    "data",
    [
        b"hello",
        b"\x00" * 1000,
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 5 5\n",
        b"PK\x03\x04" + b"\x00" * 100,
        saved(Pil.new("RGB", (4, 4)), "ICO"),
        saved(Pil.new("RGB", (4, 4)), "PCX"),
    ],
    ids=["text", "zeros", "postscript", "zip", "ico", "pcx"],
)
def test_what_is_no_image_is_told_what_is_expected(data: bytes) -> None:
    assert refusal(data).startswith("This file is not an image. Expected JPEG, ")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_file_that_is_cut_off_is_refused(kind: str, share: float) -> None:
    data = saved(pil(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)), kind)
    message = refusal(data[: int(len(data) * share)])
    assert "damaged or cut off" in message or "not an image" in message


def test_a_damaged_png_is_refused() -> None:
    data = bytearray(png(photo()))
    data[len(data) // 2] ^= 0xFF
    assert "damaged" in refusal(bytes(data))


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes that claims to be of this size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\x00" * 1000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_an_image_of_a_hundred_megapixels_is_refused_undecoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never_loaded(*_: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(Pil.Image, "load", never_loaded)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", never_loaded)
    assert refusal(bomb(11_000, 10_000)) == (
        "The image has 110 megapixels; at most 40 are accepted. Scale it down and try again; "
        "the setting max_pixels is the limit."
    )


def test_an_image_that_pillow_calls_a_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    # PaddleX lifts Pillow's own limit for the whole process that imports it.
    monkeypatch.setattr(Pil, "MAX_IMAGE_PIXELS", 89_478_485)
    assert "more than 178 megapixels; at most 40" in refusal(bomb(50_000, 50_000))


def test_a_long_image_is_refused() -> None:
    message = refusal(png(np.zeros((2, 300, 3), np.uint8)), Settings(max_side=200))
    assert message.startswith("The image is 300 x 2 pixels; the longest side may be 200.")


def test_an_image_at_the_limits_is_taken() -> None:
    limits = Settings(max_side=WIDTH, max_pixels=WIDTH * HEIGHT, max_upload=len(png(photo())))
    assert decode(png(photo()), limits).width == WIDTH


def test_a_heavy_file_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = Settings(max_upload=1000)
    file = tmp_path / "heavy.png"
    file.write_bytes(b"0" * 2_345_678)
    assert refusal(file.read_bytes(), limits).startswith("The file is 2.35 MB; at most 0.001 MB")
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("read"))
    with pytest.raises(ImageError, match=r"^The file is 2\.35 MB"):
        read(file, limits)


def test_a_very_heavy_file_has_a_plain_number() -> None:
    assert "1235 MB" in image_module._too_heavy(1_234_567_890, SETTINGS)


@pytest.mark.parametrize(
    "name",
    ["a photo.png", "ünï 猫.jpg", "a;b&c<script>.png", "noextension", "x.txt", "-rf.png", "%s"],
)
def test_the_name_of_a_file_does_not_matter(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_bytes(png(photo()))
    image = read(str(file), SETTINGS)
    assert image.name == name
    assert np.array_equal(image.pixels, photo())


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\cat.png", "cat.png"),
        ("/tmp/x/", "image"),
        ("", "image"),
        ("cat.png", "cat.png"),
    ],
)
def test_folders_are_cut_from_a_given_name(given: str, kept: str) -> None:
    assert decode(png(photo()), SETTINGS, name=given).name == kept


@pytest.mark.parametrize("name", ["missing.png", "folder", "nul\0byte", "x" * 5000])
def test_what_cannot_be_read_is_refused_without_its_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(ImageError, match=r"could not be read") as refused:
        read(tmp_path / name, SETTINGS)
    assert str(tmp_path) not in str(refused.value)


def test_equal_pixels_have_equal_digests() -> None:
    first, second = (decode(saved(pil(photo()), kind), SETTINGS) for kind in ("PNG", "BMP"))
    assert first.digest == second.digest
    assert first.digest == images.digest(photo())
    assert first.digest == from_array(photo()[:, ::-1][:, ::-1], SETTINGS).digest


def test_other_pixels_or_another_shape_have_another_digest() -> None:
    changed = photo()
    changed[0, 0, 0] ^= 1
    same_bytes = photo().reshape(WIDTH, HEIGHT, 3)
    assert len({images.digest(item) for item in (photo(), changed, same_bytes)}) == 3


@pytest.mark.parametrize(
    ("array", "first"),
    [
        (np.full((2, 3, 3), (1, 2, 3), np.uint8), [1, 2, 3]),
        (np.full((2, 3, 4), (1, 2, 3, 0), np.uint8), [1, 2, 3]),
        (np.full((2, 3), 9, np.uint8), [9, 9, 9]),
        (np.full((2, 3, 3), 0x1234, np.uint16), [0x12, 0x12, 0x12]),
    ],
)
def test_an_array_is_taken_as_paddlex_takes_it(array: Any, first: list[int]) -> None:
    image = from_array(array, SETTINGS)
    assert_sound(image)
    assert image.pixels[0, 0].tolist() == first


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((2, 3, 3), np.float32),
        np.zeros((2, 3, 3), np.int64),
        np.zeros((2, 3, 3), bool),
        np.zeros((2, 3, 2), np.uint8),
        np.zeros((1, 2, 3, 3), np.uint8),
        np.zeros(5, np.uint8),
        np.zeros((0, 3, 3), np.uint8),
        np.zeros((0, 0), np.uint8),
        np.zeros((7, 7000, 3), np.uint8)[:, ::2].repeat(4, 1),
        np.array("text"),
        None,
        "text",
        [[1, 2], [3, 4]],
    ],
)
def test_an_array_of_another_kind_is_refused(array: Any) -> None:
    with pytest.raises(ImageError):
        from_array(array, SETTINGS)


def test_an_image_is_shown_in_short() -> None:
    assert repr(decode(png(photo()), SETTINGS, "cat.png")) == "Image('cat.png', 32 x 24)"

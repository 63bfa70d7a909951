"""Photos as phones, scanners and printers write them: what every viewer opens is opened here."""

from __future__ import annotations

import base64
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as Pil
from PIL import ImageCms

from instseg_ui.errors import ImageError
from instseg_ui.evaluate.dataset_files import Folder
from instseg_ui.evaluate.image_size import upright_size
from instseg_ui.images import decode
from instseg_ui.images.endings import PICTURE_SUFFIXES, SUFFIXES
from instseg_ui.images.sources import find_places
from instseg_ui.settings import Settings
from tests.unit.images.test_image import by_opencv, photo, pil, saved

SETTINGS = Settings()
Tag = tuple[int, int, int, bytes]
TURNED: Tag = (0x112, 3, 1, struct.pack("<HH", 6, 0))
# 64 x 48 pixels, blue with a red corner, turned by 90 degrees, as an iPhone marks it.
HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAchtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0"
    "AAAAAAAAAAAAAAAAAAAAADRpbG9jAAAAAERAAAIAAQAAAAAB7AABAAAAAAAAADwAAgAAAAACKAABAAAA"
    "AAAAACQAAAA4aWluZgAAAAAAAgAAABVpbmZlAgAAAAABAABodmMxAAAAABVpbmZlAgAAAQACAABFeGlm"
    "AAAAAA5waXRtAAAAAAABAAABB2lwcnAAAADmaXBjbwAAAHZodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAA"
    "DwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQAqQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbq"
    "5Ka5uAhoMCAAAAMDIAAAAwAhYgABAAZEAcFzwIkAAAATY29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAA"
    "AAAAQAAAAEAAAAAoY2xhcAAAAEAAAAABAAAAMAAAAAEAAAAAAAAAAv////AAAAACAAAAEHBpeGkAAAAA"
    "AwgICAAAAAlpcm90AwAAABlpcG1hAAAAAAAAAAEAAQaBAgMFhIYAAAAaaXJlZgAAAAAAAAAOY2RzYwAC"
    "AAEAAQAAAGhtZGF0AAAAOCgBr1iHqCbtP/xo//3TZDpMhRV9AADxqO9i0h+xYCBE2yp2d2PQnd0tHzx5"
    "k2ro3+rpkxvXmN1wAAAABkV4aWYAAE1NACoAAAAIAAEBEgADAAAAAQAGAAAAAAAA"
)


def with_exif(tags: list[Tag], more: bytes = b"", count: int | None = None) -> bytes:
    """A JPEG with these tags in its EXIF; `more` begins behind them."""
    data = saved(pil(photo()), "JPEG", quality=95)
    rows = b"".join(struct.pack("<HHI", *tag[:3]) + tag[3] for tag in tags)
    head = b"II*\0" + struct.pack("<IH", 8, len(tags) if count is None else count)
    segment = b"Exif\0\0" + head + rows + struct.pack("<I", 0) + more
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + data[2:]


AT = struct.pack("<I", 8 + 2 + 2 * 12 + 4)  # behind two tags
BROKEN = {
    "exposure bias -1/0": with_exif([TURNED, (0x9204, 10, 1, AT)], struct.pack("<ii", -1, 0)),
    "exposure time 1/0": with_exif([TURNED, (0x829A, 5, 1, AT)], struct.pack("<II", 1, 0)),
    "resolution as text": with_exif([TURNED, (0x11A, 2, 4, b"72\0\0")]),
    "resolution of nothing": with_exif([TURNED, (0x11A, 5, 1, AT)], bytes(8)),
    "an offset past the end": with_exif([TURNED, (0x8769, 4, 1, struct.pack("<I", 99999))]),
    "a loop": with_exif([TURNED, (0x8769, 4, 1, struct.pack("<I", 8))]),
    "two milliards of numbers": with_exif([TURNED, (0x9204, 10, 2**31, AT)]),
    "an unknown type": with_exif([TURNED, (0x9204, 99, 1, b"abcd")]),
    "more tags than there are": with_exif([TURNED], count=40),
    "orientation in four bytes": with_exif([(0x112, 4, 1, struct.pack("<I", 6))]),
    "orientation in one byte": with_exif([(0x112, 1, 1, b"\6\0\0\0")]),
    "orientation as text": with_exif([(0x112, 2, 2, b"6\0\0\0")]),
    "orientation 9": with_exif([(0x112, 3, 1, struct.pack("<HH", 9, 0))]),
    "two orientations": with_exif([(0x112, 3, 2, struct.pack("<HH", 6, 6))]),
}


@pytest.mark.parametrize("name", BROKEN)
def test_an_odd_number_in_exif_does_not_spoil_the_photo(tmp_path: Path, name: str) -> None:
    image = decode(BROKEN[name], SETTINGS)
    assert np.array_equal(image.pixels, by_opencv(BROKEN[name]))
    (tmp_path / "a.jpg").write_bytes(BROKEN[name])
    assert upright_size(Folder(tmp_path), "a.jpg") == (image.width, image.height)


def test_a_photo_of_an_iphone(tmp_path: Path) -> None:
    image = decode(HEIC, SETTINGS, "IMG_0001.HEIC")
    assert (image.width, image.height, image.notes) == (48, 64, ())
    assert np.abs(image.pixels[5, -5].astype(int) - (30, 30, 230)).max() < 12
    assert np.abs(image.pixels[-5, 5].astype(int) - (200, 120, 40)).max() < 12
    (tmp_path / "IMG_0001.HEIC").write_bytes(HEIC)
    assert upright_size(Folder(tmp_path), "IMG_0001.HEIC") == (48, 64)


@pytest.mark.parametrize("cut", [40, 200, 400])
def test_a_cut_off_heic_is_a_sentence(cut: int) -> None:
    with pytest.raises(ImageError, match=r"damaged|not an image"):
        decode(HEIC[:cut], SETTINGS)


def test_a_lab_tiff_has_its_colours_and_no_note() -> None:
    rgb = Pil.new("RGB", (20, 10), (200, 120, 40))
    lab = ImageCms.profileToProfile(
        rgb, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    assert lab is not None
    image = decode(saved(lab, "TIFF"), SETTINGS)
    assert image.notes == ()
    assert np.abs(image.pixels.astype(int) - (40, 120, 200)).max() <= 4


@pytest.mark.parametrize(
    ("mode", "kind", "note"),
    [
        ("CMYK", "JPEG", ""),
        ("CMYK", "TIFF", ""),
        ("I;16", "PNG", "8 bits"),
        ("I;16", "TIFF", "8 bits"),
        ("F", "TIFF", "8 bits"),
        ("LA", "PNG", "Transparent"),
        ("RGBA", "PNG", "Transparent"),
        ("1", "TIFF", ""),
    ],
)
def test_modes_and_what_is_said_of_them(mode: str, kind: str, note: str) -> None:
    image = decode(saved(Pil.new(mode, (20, 10)), kind), SETTINGS)
    assert image.pixels.shape == (10, 20, 3)
    assert note in " ".join(image.notes)
    assert bool(image.notes) == bool(note)


def test_sixteen_bits_a_colour() -> None:
    values = np.full((8, 9, 3), (1000, 30000, 60000), np.uint16)
    for ending in (".png", ".tiff"):
        pixels = decode(cv2.imencode(ending, values)[1].tobytes(), SETTINGS).pixels
        assert np.abs(pixels[0, 0].astype(int) - (4, 117, 233)).max() <= 1


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"%PDF-1.7\n...", "This is a PDF.*instseg predict"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "This is an SVG.*Save it as PNG"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- x -->\n<svg/>", "This is an SVG"),
        (b"<?xml version='1.0'?><html/>", "not an image"),
    ],
)
def test_a_file_that_others_show_as_a_picture(data: bytes, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        decode(data, SETTINGS)


def test_a_photo_that_is_too_large_names_the_setting() -> None:
    with pytest.raises(ImageError, match="the setting max_pixels"):
        decode(saved(pil(photo()), "PNG"), Settings(max_pixels=100))


@pytest.mark.parametrize("ending", [".jfif", ".JPE", ".mpo", ".heic", ".avif", ".pnm", ".hif"])
def test_every_door_knows_the_same_endings(tmp_path: Path, ending: str) -> None:
    assert ending.lower() in PICTURE_SUFFIXES
    assert set(PICTURE_SUFFIXES) < set(SUFFIXES)
    (tmp_path / f"a{ending}").write_bytes(HEIC)
    assert [place.name for place in find_places(tmp_path)] == [f"a{ending}"]

"""From an upload to pixels: decoded, upright, three channels, within the limits."""

from __future__ import annotations

import hashlib
import io
import math
import re
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pi_heif
from PIL import ExifTags, ImageCms, UnidentifiedImageError
from PIL import Image as Pil

from instseg_ui.errors import ImageError, ImageSizeError
from instseg_ui.settings import Settings

pi_heif.register_heif_opener()

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM", "AVIF", "HEIF")
_ALPHA_MODES = {"LA", "La", "PA", "RGBA", "RGBa"}
_TURNS: dict[int, Pil.Transpose | None] = {
    1: None,
    2: Pil.Transpose.FLIP_LEFT_RIGHT,
    3: Pil.Transpose.ROTATE_180,
    4: Pil.Transpose.FLIP_TOP_BOTTOM,
    5: Pil.Transpose.TRANSPOSE,
    6: Pil.Transpose.ROTATE_270,
    7: Pil.Transpose.TRANSVERSE,
    8: Pil.Transpose.ROTATE_90,
}
_DEEP_MODES = {"I", "F", "I;16", "I;16B", "I;16L", "I;16N"}


@dataclass(frozen=True, slots=True, repr=False)
class Image:
    """One decoded image.

    Attributes:
        pixels: (H, W, 3) uint8, BGR as PaddleX takes arrays, upright, C-contiguous.
        digest: SHA-256 of the pixels and their shape, hex; equal images are equal here.
        name: what the user called it, without folders.
        notes: what was done to it that the user should know, in sentences.
        decode_ms: time the decoding took, milliseconds.
    """

    pixels: npt.NDArray[np.uint8]
    digest: str
    name: str = "image"
    notes: tuple[str, ...] = ()
    decode_ms: float = 0.0

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    def __repr__(self) -> str:
        return f"Image({self.name!r}, {self.width} x {self.height})"


def read(path: str | Path, settings: Settings) -> Image:
    """Decode the image file at `path`.

    Raises:
        ImageError: it is missing, empty, too large, truncated or of another format.
    """
    path = Path(path)
    try:
        check_weight(path.stat().st_size, settings)
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        raise ImageError(f"The file “{path.name}” could not be read. Upload it again.") from error
    return decode(data, settings, name=path.name)


def decode(data: bytes, settings: Settings, name: str = "image") -> Image:
    """Decode an image file's bytes.

    Gray, palette, CMYK, alpha (laid on white) and 16-bit images become 8-bit BGR; of
    an animation or a multi-page file the first frame is taken; EXIF orientation is applied.

    Raises:
        ImageError: empty, too large, truncated or not one of `FORMATS`.
    """
    started = time.perf_counter()
    check_weight(len(data), settings)
    _refuse_drawings(data)
    pixels, notes = _pixels(data, settings)
    elapsed = (time.perf_counter() - started) * 1e3
    return Image(pixels, digest(pixels), _file_name(name), tuple(notes), elapsed)


def check_weight(size: int, settings: Settings) -> None:
    """Refuse a file of `size` bytes that is empty or too large.

    Raises:
        ImageError: it is.
    """
    if size == 0:
        raise ImageError("The file is empty (0 bytes). Upload an image file.")
    if size > settings.max_upload:
        raise ImageError(_too_heavy(size, settings))


def from_array(array: npt.NDArray[np.generic], settings: Settings, name: str = "array") -> Image:
    """Take an array as PaddleX does: (H, W, 3) BGR; also gray (H, W) and BGRA, uint8 or uint16.

    Raises:
        ImageError: another shape or dtype, or larger than the limits.
    """
    array = np.asarray(array)
    if array.dtype == np.uint16:
        array = np.right_shift(array, 8).astype(np.uint8)
    if array.dtype != np.uint8:
        raise ImageError(f"Expected an array of uint8 values 0..255, got {array.dtype}.")
    if array.ndim == 2:
        array = np.repeat(array[:, :, None], 3, axis=2)
    if array.ndim != 3 or array.shape[2] not in (3, 4):
        raise ImageError(f"Expected an array of shape (H, W, 3), got {array.shape}.")
    _check_size(array.shape[1], array.shape[0], settings)
    pixels = np.ascontiguousarray(array[:, :, :3])
    return Image(pixels, digest(pixels), name)


def from_pil(picture: Pil.Image, settings: Settings, name: str = "image") -> Image:
    """Take a Pillow image, of several frames the current one; colours and EXIF as in `decode`.

    Raises:
        ImageError: it cannot be decoded, or is larger than the limits.
    """
    started = time.perf_counter()
    with explained(settings):
        _check_size(*picture.size, settings)
        rgb, notes = to_rgb(upright(picture))
        pixels = cv2.cvtColor(np.asarray(rgb), cv2.COLOR_RGB2BGR)
    elapsed = (time.perf_counter() - started) * 1e3
    return Image(pixels, digest(pixels), _file_name(name), tuple(notes), elapsed)


def digest(pixels: npt.NDArray[np.uint8]) -> str:
    """SHA-256 of an image's shape and pixels, hex."""
    sha = hashlib.sha256(repr(pixels.shape).encode())
    sha.update(np.ascontiguousarray(pixels).data)
    return sha.hexdigest()


def _file_name(name: str) -> str:
    """What comes after the last folder, of either system's paths, or `image`."""
    return re.split(r"[/\\]", name)[-1] or "image"


def _pixels(data: bytes, settings: Settings) -> tuple[npt.NDArray[np.uint8], list[str]]:
    with explained(settings), Pil.open(io.BytesIO(data), formats=FORMATS) as opened:
        _check_size(*opened.size, settings)
        notes = _frame_notes(opened)
        rgb, more = to_rgb(upright(opened))
        return cv2.cvtColor(np.asarray(rgb), cv2.COLOR_RGB2BGR), notes + more


def orientation(picture: Pil.Image) -> int:
    """EXIF's orientation, 1 to 8; 1 where there is none that can be read.

    Nothing else of EXIF is looked at: cameras write numbers into it that are none.
    """
    # Pillow would decode a PNG whole to look for what may stand behind its pixels.
    if picture.format == "PNG" and "exif" not in picture.info:
        return 1
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = picture.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # noqa: BLE001 - a damaged list of tags raises nearly anything
        return 1
    # A number of another width comes as bytes, several as a tuple; a text is none, as for OpenCV.
    first = value[0] if isinstance(value, bytes | tuple) and value else value
    return first if isinstance(first, int) and first in _TURNS else 1


def upright(picture: Pil.Image) -> Pil.Image:
    """The picture turned as its EXIF says."""
    picture.load()  # Pillow turns a TIFF by itself here, and its tag with it
    turn = _TURNS[orientation(picture)]
    return picture if turn is None else picture.transpose(turn)


def _refuse_drawings(data: bytes) -> None:
    """Say of files that many programs show as pictures why they are none here."""
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"%pdf-"):
        raise ImageError(
            "This is a PDF, not a picture. Save the page as PNG or JPEG; the command line reads "
            "the pages of a PDF: instseg predict --input FILE."
        )
    if start.startswith((b"<svg", b"<?xml", b"<!doctype svg")) and b"<svg" in data[:8192].lower():
        raise ImageError(
            "This is an SVG, a drawing of lines without pixels. Save it as PNG and try again."
        )


@contextmanager
def explained(settings: Settings) -> Iterator[None]:
    """Make a sentence of whatever a decoder raises."""
    try:
        yield
    except (ImageError, MemoryError):
        raise
    except Pil.DecompressionBombError as error:
        raise ImageError(_too_large("more than 178", settings)) from error
    except UnidentifiedImageError as error:
        raise ImageError(f"This file is not an image. Expected {_either(FORMATS)}.") from error
    except Exception as error:  # decoders raise nearly anything on damaged data
        raise ImageError(
            "The image is damaged or cut off and could not be decoded. Save it anew and try again."
        ) from error


def _frame_notes(image: Pil.Image) -> list[str]:
    frames = int(getattr(image, "n_frames", 1))
    # A phone's MPO holds the same picture again as a preview or for depth.
    if frames == 1 or image.format == "MPO":
        return []
    return [f"Only the first of {frames} frames is used."]


def to_rgb(image: Pil.Image) -> tuple[Pil.Image, list[str]]:
    """The picture in 8-bit RGB, and what was done to it that the user should know, in sentences."""
    if image.mode in _DEEP_MODES:
        return _from_deep(image), ["Its depth was reduced to 8 bits a channel."]
    if image.mode == "LAB":
        return _from_lab(image), []
    if image.mode in _ALPHA_MODES or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Pil.new("RGBA", rgba.size, "white")
        return Pil.alpha_composite(white, rgba).convert("RGB"), [
            "Transparent parts are laid on white."
        ]
    return image if image.mode == "RGB" else image.convert("RGB"), []


def _from_lab(image: Pil.Image) -> Pil.Image:
    """The colours of CIE L*a*b*, which Pillow converts by colour profiles only."""
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    assert converted is not None
    return converted


def _from_deep(image: Pil.Image) -> Pil.Image:
    """16 bits are divided by 257; wider values are scaled so that the largest becomes 255."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float32))
    top = 65535.0 if image.mode.startswith("I") and values.max(initial=0) <= 65535 else values.max()
    scaled = values / top * 255.0 if top > 0 else np.zeros_like(values)
    return Pil.fromarray(scaled.clip(0, 255).round().astype(np.uint8)).convert("RGB")


def _check_size(width: int, height: int, settings: Settings) -> None:
    if width < 1 or height < 1:
        raise ImageError(f"Expected an image of at least 1 x 1 pixel, got {width} x {height}.")
    share = fitting(width, height, settings)[0] / width
    if width * height > settings.max_pixels:
        raise ImageSizeError(_too_large(_short(width * height / 1e6), settings), share=share)
    if max(width, height) > settings.max_side:
        raise ImageSizeError(
            f"The image is {width} x {height} pixels; the longest side may be "
            f"{settings.max_side}. Scale it down and try again; the setting max_side is the limit.",
            share=share,
        )


def fitting(width: int, height: int, settings: Settings) -> tuple[int, int]:
    """The largest (width, height) of the same proportions that is accepted; itself if it is."""
    share = min(
        1.0,
        settings.max_side / max(width, height),
        math.sqrt(settings.max_pixels / (width * height)),
    )
    return max(1, math.floor(width * share)), max(1, math.floor(height * share))


def _too_large(megapixels: str, settings: Settings) -> str:
    return (
        f"The image has {megapixels} megapixels; at most {_short(settings.max_pixels / 1e6)} are "
        "accepted. Scale it down and try again; the setting max_pixels is the limit."
    )


def _too_heavy(size: int, settings: Settings) -> str:
    return (
        f"The file is {_short(size / 1e6)} MB; at most {_short(settings.max_upload / 1e6)} MB are "
        "accepted. Scale it down and try again."
    )


def _short(value: float) -> str:
    """Three digits, or all before the decimal point."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _either(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"

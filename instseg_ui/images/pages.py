"""Files of several pictures: the pages of a PDF and of a TIFF, one in memory at a time."""

from __future__ import annotations

import io
import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image as Pil

from instseg_ui.errors import ImageError, InputError
from instseg_ui.images import FORMATS, Image, explained, from_array, from_pil
from instseg_ui.images.endings import PDF_SUFFIXES
from instseg_ui.settings import Settings

Page = Image | InputError
"""A page, or why this one page cannot be used."""

_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_PDF_MAGIC = (b"%PDF-",)

# Pixels a point, 144 to the inch: what PaddleX renders a page at.
_PDF_SCALE = 2.0
# PDFium's functions may not be called by two threads at once.
_pdfium_lock = threading.Lock()


def has_pages(start: bytes) -> bool:
    """Whether a file that starts with these bytes is a PDF or a TIFF."""
    return start.startswith((*_PDF_MAGIC, *_TIFF_MAGIC))


def read_pages(file: Path | bytes, settings: Settings, name: str) -> Iterator[Page]:
    """The pages of a PDF or TIFF, in order; a damaged page does not end the rest.

    Args:
        file: its path, or its bytes.
        settings: limits of a page; a PDF's page is rendered smaller to fit them.
        name: what the user calls it.

    Raises:
        ImageError: the file itself cannot be opened.
        InputError: PDFs cannot be read here.
    """
    return _pdf_pages(file, settings, name) if _is_pdf(file) else _frames(file, settings, name)


def _is_pdf(file: Path | bytes) -> bool:
    if isinstance(file, bytes):
        return file.startswith(_PDF_MAGIC)
    return file.suffix.lower() in PDF_SUFFIXES


def _frames(file: Path | bytes, settings: Settings, name: str) -> Iterator[Page]:
    with explained(settings):
        try:
            opened = Pil.open(io.BytesIO(file) if isinstance(file, bytes) else file, "r", FORMATS)
        except OSError as error:
            if error.errno:
                raise ImageError(f"The file “{name}” could not be read.") from error
            raise
    with opened:
        with explained(settings):
            count = int(getattr(opened, "n_frames", 1))
        for index in range(count):
            yield _frame(opened, index, settings, name)


def _frame(opened: Pil.Image, index: int, settings: Settings, name: str) -> Page:
    try:
        with explained(settings):
            opened.seek(index)
        return from_pil(opened, settings, name)
    except ImageError as error:
        return error


def _pdf_pages(file: Path | bytes, settings: Settings, name: str) -> Iterator[Page]:
    pdfium = _pdfium()
    with _pdf_explained(name), _pdfium_lock:
        document = pdfium.PdfDocument(file)
        document.init_forms()
        count = len(document)
    try:
        for index in range(count):
            yield _pdf_page(document, index, settings, name)
    finally:
        with _pdfium_lock:
            document.close()


def _pdf_page(document: Any, index: int, settings: Settings, name: str) -> Page:
    started = time.perf_counter()
    try:
        with _pdf_explained(name), _pdfium_lock:
            page = document[index]
            try:
                width, height = page.get_size()
                scale = _fitting_scale(width, height, settings)
                # Copied: the array shares memory that PDFium frees.
                pixels = page.render(scale=scale).to_numpy().copy()
            finally:
                page.close()
        image = from_array(pixels, settings, name)
    except ImageError as error:
        return error
    return replace(image, decode_ms=(time.perf_counter() - started) * 1e3)


def _fitting_scale(width: float, height: float, settings: Settings) -> float:
    """`_PDF_SCALE`, or less where the page would pass the limits. Width and height in points."""
    if width <= 0 or height <= 0:
        raise ImageError("The page has no size.")
    largest = min(
        math.sqrt(settings.max_pixels / (width * height)), settings.max_side / max(width, height)
    )
    scale = min(_PDF_SCALE, largest)
    while not _fits(math.ceil(width * scale), math.ceil(height * scale), settings):
        scale *= 0.99  # sides are rounded up to whole pixels
    return scale


def _fits(width: int, height: int, settings: Settings) -> bool:
    return width * height <= settings.max_pixels and max(width, height) <= settings.max_side


def _pdfium() -> Any:
    try:
        import pypdfium2
    except ImportError as error:
        raise InputError(
            "Reading a PDF needs the package pypdfium2: pip install pypdfium2."
        ) from error
    return pypdfium2


@contextmanager
def _pdf_explained(name: str) -> Iterator[None]:
    import pypdfium2

    try:
        yield
    except (pypdfium2.PdfiumError, OSError) as error:
        raise ImageError(
            f"The PDF “{name}” could not be read; it may be damaged, or protected by a password."
        ) from error

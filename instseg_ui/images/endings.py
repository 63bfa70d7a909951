"""How pictures' files are called: one list for the page, the command line, folders and archives."""

from __future__ import annotations

TIFF_SUFFIXES = (".tif", ".tiff")
PDF_SUFFIXES = (".pdf",)

PICTURE_SUFFIXES = (
    *(".bmp", ".jpeg", ".jpg", ".jpe", ".jfif", ".mpo", ".png", ".webp", ".gif"),
    *(".avif", ".heic", ".heif", ".hif"),
    *(".pbm", ".pgm", ".ppm", ".pnm"),
    *TIFF_SUFFIXES,
)
"""Endings of files that are pictures, in small letters; what a file holds is decided by itself."""

SUFFIXES = (*PICTURE_SUFFIXES, *PDF_SUFFIXES)
"""The same and documents, whose pages are pictures."""

UPLOAD_TYPES = ("image", *SUFFIXES)
"""What a browser offers and the page takes; a PDF, so that it is refused in a sentence of ours."""


def is_picture(name: str) -> bool:
    """Whether a file of that name is taken for a picture."""
    return name.lower().endswith(PICTURE_SUFFIXES)

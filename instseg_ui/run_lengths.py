"""COCO's run lengths: the one reader of their compressed text, and the one writer.

A mask is read column by column; its run lengths alternate, background first. The compressed text
(`rleFrString` and `rleToString` of pycocotools' maskApi.c) has six bits a character, from "0" on:
five of a value, the lowest first, and one that says whether more follow. The last five carry the
sign. From the fourth on, a run is stored as its difference from the last but one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco

Runs = npt.NDArray[np.int64]

_LONGEST = 7  # characters of a value: 30 bits and the sign of what follows
_MOST_PIXELS = 2**32  # pycocotools counts pixels in 32 bits


class RunLengthError(ValueError):
    """A text or a list that holds no run lengths of this frame; says why."""


def parse(counts: object, pixels: int) -> Runs:
    """The run lengths, (N,) int64, of a compressed text or a list of whole numbers.

    Args:
        counts: from anywhere; nothing is taken for granted.
        pixels: height times width of the frame, which the runs must add up to.

    Raises:
        RunLengthError: they do not, or it is something else.
    """
    if isinstance(counts, list):
        return _of_list(counts, pixels)
    if not isinstance(counts, str) or not counts or not counts.isascii():
        raise RunLengthError("it is neither a list of run lengths nor COCO's compressed text")
    if pixels >= _MOST_PIXELS or len(counts) > _LONGEST * (pixels + 2):
        raise RunLengthError(f"it is too long for {pixels} pixels")
    bits = _bits(counts)
    lasts = _last_of_each(bits)
    if bits.min() < 0 or bits.max() > 63 or not lasts.size or lasts[-1] != bits.size - 1:
        raise RunLengthError("it is not COCO's compressed text")
    if np.diff(lasts, prepend=-1).max() > _LONGEST:
        raise RunLengthError("one of its run lengths is too large")
    return _checked(_summed(_values(bits, lasts)), pixels)


def is_valid(counts: object, pixels: int) -> bool:
    """Whether `parse` takes it; never raises."""
    try:
        parse(counts, pixels)
    except RunLengthError:
        return False
    return True


def read(counts: str) -> Runs:
    """The run lengths of a text that `parse` takes, without asking again."""
    bits = _bits(counts)
    return _summed(_values(bits, _last_of_each(bits)))


def read_all(texts: Sequence[str]) -> tuple[Runs, Runs]:
    """The run lengths of many texts at once, one behind the other, and how many each has."""
    if not texts:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    bits = _bits("".join(texts))
    lasts = _last_of_each(bits)
    ends = np.searchsorted(lasts, np.cumsum([len(text) for text in texts]))
    counts = np.diff(ends, prepend=0)
    runs = _values(bits, lasts)
    place = np.arange(runs.size) - np.repeat(np.cumsum(counts) - counts, counts)
    odd, even = place % 2 == 1, (place % 2 == 0) & (place > 0)
    runs[odd] = sums_by_group(runs[odd], counts // 2)
    runs[even] = sums_by_group(runs[even], np.maximum(counts - 1, 0) // 2)
    return runs, counts


def compress(runs: Sequence[int] | Runs, height: int, width: int) -> str:
    """COCO's compressed text of run lengths that add up to the frame, by pycocotools."""
    # Given as an array they are read six times as fast as from a list.
    counts = np.asarray(runs, np.uint32)
    packed = coco.frPyObjects({"size": [height, width], "counts": counts}, height, width)
    return cast("bytes", packed["counts"]).decode("ascii")


def sums_by_group(values: Runs, counts: npt.NDArray[np.integer]) -> Runs:
    """Running sums that begin anew with each group of `counts` values."""
    total = np.cumsum(values)
    begins = np.cumsum(counts) - counts
    before = np.concatenate(([0], total))[begins]
    return total - np.repeat(before, counts)


def _of_list(counts: list[object], pixels: int) -> Runs:
    # Python's numbers have no end: each is looked at before numpy counts them in 64 bits.
    if not counts or not all(type(run) is int and 0 <= run <= pixels for run in counts):
        raise RunLengthError("one of its run lengths is not a whole number within the frame")
    return _checked(np.array(counts, np.int64), pixels)


def _checked(runs: Runs, pixels: int) -> Runs:
    if runs.min() < 0 or runs.max() > pixels or int(runs.sum()) != pixels:
        raise RunLengthError(f"its run lengths do not add up to {pixels} pixels")
    return runs


def _bits(counts: str) -> Runs:
    return np.frombuffer(counts.encode("ascii"), np.uint8).astype(np.int64) - 48


def _last_of_each(bits: Runs) -> npt.NDArray[np.intp]:
    """Where each value's last character is."""
    return np.flatnonzero(bits & 0x20 == 0)


def _values(bits: Runs, lasts: npt.NDArray[np.intp]) -> Runs:
    """What the characters say, all at once; differences are not added up yet."""
    firsts = np.concatenate(([0], lasts[:-1] + 1))
    lengths = lasts - firsts + 1
    shifts = 5 * (np.arange(bits.size) - np.repeat(firsts, lengths))
    values = cast("Runs", np.add.reduceat((bits & 0x1F) << shifts, firsts))
    values -= np.where(bits[lasts] & 0x10, np.int64(1) << (5 * lengths), 0)
    return values


def _summed(values: Runs) -> Runs:
    values[1::2] = np.cumsum(values[1::2])
    values[2::2] = np.cumsum(values[2::2])
    return values

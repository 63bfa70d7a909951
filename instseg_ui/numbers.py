"""Numbers as people read them: three significant digits, accuracy in percent, and the units."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from math import floor, isfinite, log10

import numpy as np

NONE = "—"


def three(value: float | None) -> str:
    """`value` at three significant digits, without an exponent; a dash for none."""
    if value is None or not isfinite(value):
        return NONE
    if value == 0:
        return "0"
    rounded = round(value, 2 - floor(log10(abs(value))))
    decimals = max(0, 2 - floor(log10(abs(rounded)))) if rounded else 0
    return f"{rounded:,.{decimals}f}"


def score(value: float, decimals: int = 2) -> str:
    """A score as it is shown: digits are cut off, so that none reads as a threshold it is below.

    A score is a float32; 0.55 of them is 0.55, not 0.5500000119.
    """
    shortest = Decimal(str(np.float32(value)))
    return str(shortest.quantize(Decimal(1).scaleb(-decimals), ROUND_DOWN))


def signed(value: float) -> str:
    """`value` at three significant digits with its sign."""
    return f"{'+' if value > 0 else '−' if value < 0 else ''}{three(abs(value))}"


def percent(value: float | None, of: float = 1.0) -> str:
    """A share in percent with one decimal and no sign, as COCO's tables have it: `57.1`.

    `of` is the whole: 1 for the shares of an evaluation, 100 for what is published in percent.
    """
    if value is None or not isfinite(value):
        return NONE
    return f"{100 * value / of:.1f}"


def signed_percent(value: float | None) -> str:
    """The same of a difference, with its sign."""
    text = percent(None if value is None else abs(value))
    return text if not value or text == "0.0" else f"{'+' if value > 0 else '−'}{text}"


def plural(count: int, noun: str) -> str:
    """`1 image`, `2 images`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def milliseconds(value: float) -> str:
    """A duration in ms, or in s from ten seconds on."""
    return f"{three(value / 1e3)} s" if value >= 10_000 else f"{three(value)} ms"


def megabytes(value: float) -> str:
    """A size in MB of 10^6 bytes, or in GB from one thousand on."""
    return f"{three(value / 1e3)} GB" if value >= 1000 else f"{three(value)} MB"


def times(value: float) -> str:
    """How often as fast: `6.2×`, whole numbers from ten on."""
    return f"{value:,.0f}×" if value >= 9.95 else f"{value:.1f}×"


def seconds(value: float) -> str:
    """A waiting time, whole seconds."""
    return f"{value:.0f} s"

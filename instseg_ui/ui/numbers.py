"""Numbers as the page writes them: three significant digits, with a unit."""

from __future__ import annotations

from math import floor, isfinite, log10


def three(value: float) -> str:
    """`value` at three significant digits, without an exponent: 1234.5 is `1,230`."""
    if not isfinite(value):
        return "–"
    if value == 0:
        return "0"
    digits = 2 - floor(log10(abs(value)))
    rounded = round(value, digits)
    decimals = max(0, 2 - floor(log10(abs(rounded)))) if rounded else 0
    return f"{rounded:,.{decimals}f}"


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

"""Numbers as the tables write them: three significant digits; the unit stands in the heading."""

from __future__ import annotations

from math import floor, isfinite, log10

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


def signed(value: float) -> str:
    """`value` at three significant digits with its sign."""
    return f"{'+' if value > 0 else '−' if value < 0 else ''}{three(abs(value))}"


def plural(count: int, noun: str) -> str:
    """`1 image`, `2 images`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"

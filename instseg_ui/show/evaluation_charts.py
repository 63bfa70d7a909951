"""Charts as inline SVG: they need no script and no network, and print as they are seen."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from instseg_ui.palette import nth

_WIDTH, _HEIGHT = 420, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 10, 10, 38
_TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


class Line(NamedTuple):
    """A named line through points (x, y), both 0 to 1; `size` of a dot at each, 0 for none."""

    name: str
    points: Sequence[tuple[float, float]]
    size: float = 0.0


def chart(
    title: str, x_label: str, y_label: str, lines: Sequence[Line], diagonal: bool = False
) -> str:
    """Lines over the unit square, with a legend below."""
    parts = [_grid(x_label, y_label)]
    if diagonal:
        parts.append(_diagonal())
    parts += [_line(line, nth(i)) for i, line in enumerate(lines) if line.points]
    label = escape(title, quote=True)
    svg = (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">'
        f"{''.join(parts)}</svg>"
    )
    return f"<figure>{svg}<figcaption>{escape(title)}{_legend(lines)}</figcaption></figure>"


def _x(value: float) -> float:
    return round(_LEFT + value * (_WIDTH - _LEFT - _RIGHT), 1)


def _y(value: float) -> float:
    return round(_HEIGHT - _BOTTOM - value * (_HEIGHT - _TOP - _BOTTOM), 1)


def _grid(x_label: str, y_label: str) -> str:
    parts = []
    for tick in _TICKS:
        parts.append(
            f'<path class="grid" d="M{_x(tick)} {_y(0)}V{_y(1)}M{_x(0)} {_y(tick)}H{_x(1)}"/>'
        )
        parts.append(f'<text x="{_x(tick)}" y="{_y(0) + 14}" text-anchor="middle">{tick:g}</text>')
        parts.append(f'<text x="{_x(0) - 6}" y="{_y(tick) + 4}" text-anchor="end">{tick:g}</text>')
    middle = _y(0.5)
    parts.append(
        f'<text x="{_x(0.5)}" y="{_HEIGHT - 6}" text-anchor="middle">{escape(x_label)}</text>'
        f'<text x="12" y="{middle}" text-anchor="middle" transform="rotate(-90 12 {middle})">'
        f"{escape(y_label)}</text>"
    )
    return "".join(parts)


def _diagonal() -> str:
    return f'<path class="ideal" d="M{_x(0)} {_y(0)}L{_x(1)} {_y(1)}"/>'


def _line(line: Line, tint: str) -> str:
    path = "L".join(f"{_x(x)} {_y(y)}" for x, y in line.points)
    dots = "".join(
        f'<circle cx="{_x(x)}" cy="{_y(y)}" r="{line.size:g}" fill="{tint}"/>'
        for x, y in (line.points if line.size else ())
    )
    return f'<path d="M{path}" fill="none" stroke="{tint}" stroke-width="2"/>{dots}'


def _legend(lines: Sequence[Line]) -> str:
    if len(lines) < 2:
        return ""
    items = "".join(
        f'<span><i style="background:{nth(i)}"></i>{escape(line.name)}</span>'
        for i, line in enumerate(lines)
    )
    return f'<span class="legend">{items}</span>'

"""One colour a class: the same in every view, and no two of a model's classes share one.

COCO's 80 names have a colour each for ever. Any other name has a place to begin at, which follows
from its letters, and takes the first colour from there on that lies apart from those its model has
given away; so most names keep their colour from model to model, and all do where the models are
named together.

The first seven colours are Okabe and Ito's set for colour-blind readers ("Color Universal
Design", 2008), without black. Later ones of COCO walk the OKLCH hue circle by the golden angle at
three lightnesses, so that neighbours in the class list differ in hue and, where hues come near,
in lightness.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from types import MappingProxyType
from zlib import crc32

import numpy as np

from instseg_ui.coco_classes import COCO_NAMES
from instseg_ui.palette.vision import Floats, appearance, distance, from_oklch, on_screen

_OKABE_ITO = (
    "#e69f00",
    "#56b4e9",
    "#009e73",
    "#f0e442",
    "#cc79a7",
    "#d55e00",
    "#0072b2",
)
_GOLDEN_ANGLE = 137.508
# Found by search: with these the nearest two of the first twenty lie farthest apart for
# normal vision, deuteranopia and protanopia.
_FIRST_HUE = 66.0
_CHROMA = 0.11
_LIGHTNESSES = (0.46, 0.89, 0.60)

_HUES, _SHADES, _STRENGTHS = 60, (0.5, 0.58, 0.66, 0.74, 0.82, 0.9), (0.10, 0.16)
# As far apart as a new class is put from the others, as long as there is such a colour; after that
# this share of what is possible, so that a name's own place still counts.
_APART = 0.12
_SHARE = 0.9
# Odd, so that its multiples meet every one of the 2^24 colours before one comes again.
_STRIDE = 0x9E3779


def class_colors(*models: Sequence[str]) -> Mapping[str, str]:
    """The colours of all classes of a model, or of several that are shown together, by name.

    Args:
        models: all class names of each. The colours of the first ones do not depend on the later
            ones, and a name that several have has one colour.

    Returns:
        `#rrggbb` by name. No two names of a model have the same one. Upper and lower case and the
        blanks around a name make no difference, unless a model has both.
    """
    return _class_colors(tuple(tuple(dict.fromkeys(labels)) for labels in models))


@cache
def nth(index: int) -> str:
    """The colour of that place of COCO's list, counted from 0; past its end they go on."""
    if 0 <= index < len(_OKABE_ITO):
        return _OKABE_ITO[index]
    lightness = _LIGHTNESSES[index % len(_LIGHTNESSES)]
    return from_oklch(lightness, _CHROMA, (_FIRST_HUE + index * _GOLDEN_ANGLE) % 360)


@cache
def others() -> tuple[str, ...]:
    """Some hundreds of colours besides COCO's, each different, in no order that the eye sees."""
    grid = (
        (shade, strength, 360 * step / _HUES)
        for step in range(_HUES)
        for shade in _SHADES
        for strength in _STRENGTHS
    )
    found = dict.fromkeys(from_oklch(*one) for one in grid if on_screen(*one))
    kept = found.keys() - set(_coco().values())
    return tuple(sorted(kept, key=lambda one: crc32(one.encode())))


@lru_cache(maxsize=64)
def _class_colors(models: tuple[tuple[str, ...], ...]) -> Mapping[str, str]:
    given = _Assignment()
    for labels in models:
        given.add(labels)
    return MappingProxyType(given.colors)


class _Assignment:
    """The colours given so far, by label, and how far each other one lies from all of these."""

    def __init__(self) -> None:
        self.colors: dict[str, str] = {}
        self._by_name: dict[str, list[str]] = {}
        self._given: set[str] = set()
        self._gap = np.full(len(others()), np.inf)
        self._last = _rest()

    def add(self, labels: Sequence[str]) -> None:
        """Give each of a model's labels a colour that none of its others has."""
        own = {self.colors[label] for label in labels if label in self.colors}
        new = [label for label in labels if label not in self.colors]
        # COCO's classes first: theirs is certain, and the others keep away from it.
        for label in sorted(new, key=lambda one: _name(one) not in _coco()):
            own.add(self._give(label, own))

    def _give(self, label: str, own: set[str]) -> str:
        name = _name(label)
        alike = self._by_name.setdefault(name, [])
        known = [*alike, _coco()[name]] if name in _coco() else alike
        color = next((one for one in known if one not in own), None) or self._new(name)
        self.colors[label] = color
        if color not in alike:
            alike.append(color)
        if color not in self._given:
            self._given.add(color)
            self._keep_away(color)
        return color

    def _keep_away(self, color: str) -> None:
        # Once all are given there is nothing left to compare, and a list may have 100,000 names.
        if self._gap.any():
            self._gap = np.minimum(self._gap, distance(_looks(), appearance([color])[0]))

    def _new(self, name: str) -> str:
        """The first colour from the name's place on that lies apart from those given."""
        widest = float(self._gap.max())
        if not widest:
            return next(one for one in self._last if one not in self._given)
        first = crc32(name.encode("utf-8", "backslashreplace")) % len(self._gap)
        apart = np.flatnonzero(self._gap >= min(_APART, _SHARE * widest))
        place = apart[np.searchsorted(apart, first) % len(apart)]
        return others()[int(place)]


def _name(label: str) -> str:
    return label.strip().lower()


@cache
def _coco() -> dict[str, str]:
    return {name: nth(i) for i, name in enumerate(COCO_NAMES)}


@cache
def _looks() -> Floats:
    return appearance(others())


def _rest() -> Iterator[str]:
    """Every other colour there is, once, for models of a thousand classes; never COCO's."""
    coco = set(_coco().values())
    for step in range(1, 1 << 24):
        color = f"#{step * _STRIDE & 0xFFFFFF:06x}"
        if color not in coco:
            yield color

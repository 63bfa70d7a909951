"""What a tail is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from instseg_ui.engines.preprocess import Prepared
from instseg_ui.engines.runtimes import Network

Networks = Mapping[str, Network]
"""Loaded parts by the name that the manifest gives them."""


@dataclass(frozen=True, slots=True)
class TailInput:
    """One image, ready for the network.

    Attributes:
        prepared: the network's inputs.
        size: height and width of the original image, pixels.
        labels: class names by class id.
        floor: lowest score kept.
        limit: most instances kept, the highest scores first.
    """

    prepared: Prepared
    size: tuple[int, int]
    labels: tuple[str, ...]
    floor: float
    limit: int

"""What every engine offers, and how it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from instseg_ui.engines.near_tie import NearTie
from instseg_ui.results import Instances

ONEDNN_BY_DEFAULT = {"Mask-RT-DETR-L", "Mask-RT-DETR-X", "Mask-RT-DETR-H", "PP-YOLOE_seg-S"}
"""Models that PaddleX runs with oneDNN by default; no other instance segmentation model is one."""


@dataclass(frozen=True, slots=True)
class EngineRequest:
    """Which model folder to run, and how.

    `engine` is a name of `instseg_ui.engines.ENGINES`; `device` is `cpu` or `gpu:<n>`.
    """

    engine: str
    folder: Path
    model_name: str
    labels: tuple[str, ...]
    device: str = "cpu"
    threads: int = 1
    fingerprint: str = ""
    """Changes when the folder's files do."""
    converted: Path | None = None
    """Folder of the converted model, for the engines that run one."""


@dataclass(frozen=True, slots=True)
class Output:
    """One image's instances and the time of each stage, milliseconds.

    `ties`: the decisions that followed a reference, where one was given.
    """

    instances: Instances
    preprocess: float
    inference: float
    postprocess: float
    ties: tuple[NearTie, ...] = ()


class Engine(Protocol):
    """A loaded model. Used by one thread of one process for its whole life."""

    name: str
    """The engine that really runs, `paddle-onednn` for one."""
    versions: dict[str, str]
    notes: tuple[str, ...]

    def run(self, pixels: npt.NDArray[np.uint8], floor: float, limit: int) -> Output:
        """Find instances in one image.

        Args:
            pixels: (H, W, 3) uint8 BGR, upright.
            floor: lowest score kept.
            limit: most instances kept, the highest scores first.
        """
        ...

"""What a run ends in: a PaddleX inference folder, proven, with its card; whole or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from instseg_ui.train.card import card
from instseg_ui.train.checkpoint import unwritable
from instseg_ui.train.checks import CARD, FIGURES
from instseg_ui.train.network.graph import PaddleModel
from instseg_ui.train.network.inference_folder import export
from instseg_ui.train.network.weights import arrays_of, build, dumps, fill
from instseg_ui.train.outcome import TrainingOutcome
from instseg_ui.train.proof import Proof, insist, prove
from instseg_ui.train.starts import SPEC_FILE

_NEW = "model"
_LICENCES = ("LICENSE-backbone", "LICENSE-data")


def write_model(
    model: PaddleModel, work: Path, photos: Sequence[npt.NDArray[np.uint8]], threads: int
) -> Proof:
    """Write the graph and its weights into the work folder, and prove them equal to the network.

    Args:
        photos: BGR (H, W, 3), on which both are run.

    Raises:
        LoadError: the two differ, or PaddleX refuses the folder.
        DiskFullError, InputError: it cannot be written.
    """
    new = work / _NEW
    try:
        shutil.rmtree(new, ignore_errors=True)
        # A network that was turned into a graph is none that can be run any more.
        copy = build(model.spec)
        fill(copy, arrays_of(model))
        export(copy, new)
        (new / SPEC_FILE).write_text(dumps(model.spec), encoding="utf-8")
    except OSError as error:
        raise unwritable(work.parent, error) from error
    proof = prove(model, new, photos, threads)
    insist(proof)
    return proof


def finish(work: Path, output: Path, outcome: TrainingOutcome, start: Path) -> None:
    """Add the card, the figures and the start model's licences, and move all to the output.

    Raises:
        DiskFullError, InputError: it cannot be written; the checkpoint is still there.
    """
    new = work / _NEW
    try:
        figures: dict[str, Any] = outcome.to_dict()
        text = json.dumps(figures, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
        (new / FIGURES).write_text(text, encoding="utf-8")
        (new / CARD).write_text(card(outcome), encoding="utf-8")
        for name in _LICENCES:
            if (start / name).is_file():
                shutil.copyfile(start / name, new / name)
        for file in sorted(new.iterdir(), key=lambda one: one.name == "inference.yml"):
            file.replace(output / file.name)
        shutil.rmtree(work, ignore_errors=True)
    except OSError as error:
        raise unwritable(output, error) from error

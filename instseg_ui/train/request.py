"""What is to be taught, from what, and for how long: the record that starts a run."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from instseg_ui.errors import InputError

MINUTES = 15.0
LONGEST_MINUTES = 24 * 60.0
MOST_EPOCHS = 10_000
_LONGEST_NAME, _LONGEST_LICENCE = 60, 400
_LARGEST_SEED = 2**31 - 1
_NAME = re.compile(r"\w[\w .+-]*")


@dataclass(frozen=True, slots=True)
class TrainingRequest:
    """One run. Made by `checked`.

    Attributes:
        images: folder or zip of the pictures; or the data set, where there are no `annotations`.
        annotations: COCO's annotation file; None where the data set brings its own.
        split: which part of the data set, see `open_dataset`.
        start: the model to start from, by its name in the catalog.
        folder: where that model lies.
        output: the folder to make.
        minutes: what the whole run may take.
        epochs: rounds through the photos instead; time still ends it. The same seed then gives the
            same network, however fast the machine is.
        name: of the new model.
        licence: what the user says of the new model's licence, for its card.
        seed: of the split, of new layers and of the views.
        keep_classes: whether the start model's classes stay, by replaying its own predictions.
        threads: that may work.
        reach: whether the data set may name folders of this machine outside itself; what came from
            a browser may not.
        scratch: begin behind the backbone from nothing, to measure what the start is worth.
    """

    images: Path
    annotations: Path | None
    split: str | None
    start: str
    folder: Path
    output: Path
    minutes: float
    epochs: int | None
    name: str
    licence: str
    seed: int
    keep_classes: bool
    threads: int
    reach: bool = True
    scratch: bool = False

    def dumps(self) -> str:
        """JSON."""
        return json.dumps(
            {key: str(one) if isinstance(one, Path) else one for key, one in asdict(self).items()}
        )

    @classmethod
    def loads(cls, text: str) -> Self:
        """What `dumps` wrote."""
        values: dict[str, Any] = json.loads(text)
        for key in ("images", "annotations", "folder", "output"):
            values[key] = None if values[key] is None else Path(values[key])
        return cls(**values)

    @property
    def identity(self) -> dict[str, Any]:
        """What must be equal for a run to go on where another one ended."""
        values: dict[str, Any] = json.loads(self.dumps())
        kept = ("images", "annotations", "split", "start", "seed", "keep_classes", "scratch")
        return {key: values[key] for key in kept}


def checked(
    *,
    images: Path,
    annotations: Path | None,
    start: str,
    folder: Path,
    output: Path,
    split: str | None = None,
    minutes: float = MINUTES,
    epochs: int | None = None,
    name: str = "",
    licence: str = "",
    seed: int = 0,
    keep_classes: bool = True,
    threads: int = 1,
    reach: bool = True,
    scratch: bool = False,
) -> TrainingRequest:
    """A request whose values can be used; see `TrainingRequest`.

    Raises:
        InputError: one cannot.
    """
    if not 0 < minutes <= LONGEST_MINUTES:
        raise InputError(
            f"Expected minutes above 0 and at most {LONGEST_MINUTES:g}, got {minutes:g}."
        )
    if epochs is not None and not 1 <= epochs <= MOST_EPOCHS:
        raise InputError(f"Expected 1 to {MOST_EPOCHS} epochs, got {epochs}.")
    if not 0 <= seed <= _LARGEST_SEED:
        raise InputError(f"Expected a seed from 0 to {_LARGEST_SEED}, got {seed}.")
    return TrainingRequest(
        images=images.absolute(),
        annotations=None if annotations is None else annotations.absolute(),
        split=split,
        start=start,
        folder=folder.absolute(),
        output=output.absolute(),
        minutes=float(minutes),
        epochs=epochs,
        name=checked_name(name or output.absolute().name),
        licence=_one_line(licence, _LONGEST_LICENCE, "licence"),
        seed=seed,
        keep_classes=keep_classes,
        threads=max(1, threads),
        reach=reach,
        scratch=scratch,
    )


def checked_name(name: str) -> str:
    """A model's name. Raises `InputError`."""
    text = name.strip()
    if len(text) > _LONGEST_NAME or not _NAME.fullmatch(text):
        raise InputError(
            f"Expected a name of at most {_LONGEST_NAME} letters, digits, spaces, dots, dashes and "
            f"underscores, got “{_shown(name)}”."
        )
    return text


def _one_line(text: str, longest: int, what: str) -> str:
    clean = " ".join(text.split())
    if len(clean) > longest or not clean.isprintable():
        raise InputError(f"Expected a {what} of one line of at most {longest} characters.")
    return clean


def _shown(text: str) -> str:
    return "".join(sign if sign.isprintable() else "�" for sign in text[:60])

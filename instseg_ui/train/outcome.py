"""What a run came to: every figure of the card, the command line and the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """One class on the held-out photos; mask AP from 0 to 1, None where it has no object there.

    `before` is None for a class that the start model does not know.
    """

    name: str
    objects: int
    before: float | None
    after: float | None


@dataclass(frozen=True, slots=True)
class Gain:
    """Mask AP before and after, on the same photos.

    Attributes:
        photos: how many.
        before, after: 0 to 1.
        interval: 95 % of the difference; None where there are too few photos for one.
        words: what that says.
    """

    photos: int
    before: float
    after: float
    interval: tuple[float, float] | None
    words: str


@dataclass(frozen=True, slots=True)
class OldClasses:
    """What became of the start model's classes that are not annotated in the data set.

    Attributes:
        kept, dropped: by name.
        photos: of the example data set, on which it was measured; 0 where it was not.
        measured: of the kept classes those that have objects there.
        before, after: mask AP over those, 0 to 1; None where nothing was measured.
    """

    kept: tuple[str, ...]
    dropped: tuple[str, ...]
    photos: int
    measured: tuple[str, ...]
    before: float | None
    after: float | None


@dataclass(frozen=True, slots=True)
class TrainingOutcome:
    """All of it.

    Attributes:
        name, licence: as the user typed them.
        start: the model it began from.
        data: name of the data set; no path.
        photos, objects: of it.
        training: photos that taught; those of the final network.
        held_out: how it was measured, in words.
        classes: of the model, by class id.
        by_class: the taught classes.
        gain: on the held-out photos.
        old: the other classes.
        minutes: that the run took.
        epochs: rounds of the network that was kept.
        history: (share of the schedule, mask AP) of each check.
        ended: why it ended.
        seed: of everything.
        proof: how the folder compares with the network.
        versions: of the packages.
    """

    name: str
    licence: str
    start: str
    data: str
    photos: int
    objects: int
    training: int
    held_out: str
    classes: tuple[str, ...]
    by_class: tuple[ClassFigures, ...]
    gain: Gain
    old: OldClasses
    minutes: float
    epochs: int
    history: tuple[tuple[float, float], ...]
    ended: str
    seed: int
    proof: Mapping[str, float]
    proof_words: str
    versions: Mapping[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """What `to_dict` gave, on its way through JSON or not."""
        gain, old = dict(values["gain"]), dict(values["old"])
        if gain["interval"] is not None:
            gain["interval"] = tuple(gain["interval"])
        old |= {key: tuple(old[key]) for key in ("kept", "dropped", "measured")}
        records = {
            "gain": Gain(**gain),
            "old": OldClasses(**old),
            "classes": tuple(values["classes"]),
            "by_class": tuple(ClassFigures(**one) for one in values["by_class"]),
            "history": tuple((share, ap) for share, ap in values["history"]),
        }
        return cls(**{**values, **records})

"""What is known of a visitor's training, written beside it so that a restart finds it again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from instseg_ui.evaluate import Finding, Severity
from instseg_ui.show.taught_model import training_words
from instseg_ui.show.training_view import SEEN, TrainingRound
from instseg_ui.train.checkpoint import write
from instseg_ui.train.checks import CHECKPOINT, FIGURES, WORK
from instseg_ui.train.outcome import TrainingOutcome

State = Literal["waiting", "running", "cut off", "failed", "done"]

_FILE, _MODEL = "teaching.json", "model"
_MOST_BYTES = 20_000_000
_CUT_OFF = "The training “{name}” was cut off. What it had learned is kept: press “Go on”."
_LOST = "The training “{name}” was cut off before anything was learned. Teach again."


@dataclass(slots=True)
class TeachRecord:
    """One training.

    Attributes:
        name: of the new model, in the catalog.
        start: the model it begins from.
        minutes: that it may take.
        licence: what the visitor says of the new model's.
        keep: whether the start model's other classes stay.
        images, annotations: where the data set lies; no path of these is shown.
        state: how far it is.
        sentence: how it ended; empty while it runs.
        words, share: how far it is, and from 0 to 1; None where that is not known.
        before: mask AP of the start model, 0 to 1.
        rounds: that are done.
        pictures: base64 JPEGs by a held-out photo's name, and by what they show.
        findings: what of the data set was left out, or can hardly be learned, a sentence each.
        outcome: the figures, when it is done.
        added: its name in the catalog; empty where it is not there.
        changes: counts what changed; pictures for their own.
    """

    name: str
    start: str
    minutes: int
    licence: str
    keep: bool
    images: str
    annotations: str | None
    state: State = "waiting"
    sentence: str = ""
    words: str = ""
    share: float | None = None
    before: float | None = None
    rounds: list[TrainingRound] = field(default_factory=list)
    pictures: dict[str, dict[str, str]] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)
    outcome: dict[str, Any] | None = None
    added: str = ""
    changes: int = 0
    drawn: int = 0

    def hear(self, event: Mapping[str, Any]) -> None:
        """Take an event of the training up."""
        self.changes += 1
        self.words = training_words(event) or self.words
        match event["event"]:
            case "data":
                self.findings = [_finding_words(one) for one in event["findings"]]
                self.findings = [one for one in self.findings if one]
            case "before":
                self.before = event["ap"]
            case "progress":
                self.share = (event["part"] - 1 + event["progress"]) / event["parts"]
                now = TrainingRound(event["minutes"], event["part"], event["loss"], event["ap"])
                # What was not saved before a cut is done again.
                self.rounds = [one for one in self.rounds if one.minutes < now.minutes]
                self.rounds.append(now)
            case "pictures":
                self._see(event)
            case "done":
                self.outcome = dict(event["outcome"])

    def _see(self, event: Mapping[str, Any]) -> None:
        self.drawn += 1
        if event["what"] == "truth":
            self.pictures = {row["name"]: {} for row in event["photos"]}
        for row in event["photos"]:
            if event["what"] in SEEN and row["name"] in self.pictures:
                self.pictures[row["name"]][event["what"]] = row["jpeg"]

    @property
    def result(self) -> TrainingOutcome | None:
        """The figures, when it is done."""
        return None if self.outcome is None else TrainingOutcome.from_dict(self.outcome)

    def save(self, folder: Path) -> None:
        """Write it into the training's folder. Raises `DiskFullError`, `InputError`."""
        write(folder / _FILE, json.dumps(asdict(self)).encode())

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """What was written there, as it is after a restart; None where nothing can be read."""
        with suppress(OSError, ValueError, TypeError, KeyError, RecursionError):
            path = folder / _FILE
            if path.stat().st_size > _MOST_BYTES:
                return None
            record = cls(**json.loads(path.read_bytes()))
            record.rounds = [TrainingRound(*one) for one in record.rounds]
            record.settle(folder)
            return record
        return None

    def settle(self, folder: Path) -> None:
        """Nobody trains any more: say what is there of it."""
        if self.state not in ("waiting", "running"):
            return
        if is_made(folder):
            figures = json.loads((model_folder(folder) / FIGURES).read_bytes())
            self.outcome, self.state, self.sentence = figures, "done", ""
        else:
            self.state = "cut off"
            words = _CUT_OFF if can_go_on(folder) else _LOST
            self.sentence = words.format(name=self.name)


def _finding_words(row: Mapping[str, Any]) -> str:
    """A finding that leaves something out or warns; empty for a note."""
    level = Severity(row["level"])
    if level is Severity.NOTE:
        return ""
    return str(Finding(level, row["kind"], row["text"], row["count"], tuple(row["examples"])))


def model_folder(folder: Path) -> Path:
    """Where the model of a training is made."""
    return folder / _MODEL


def is_made(folder: Path) -> bool:
    """Whether the model is there, whole."""
    return (model_folder(folder) / "inference.yml").is_file()


def can_go_on(folder: Path) -> bool:
    """Whether there is something to go on from."""
    return not is_made(folder) and (model_folder(folder) / WORK / CHECKPOINT).is_file()

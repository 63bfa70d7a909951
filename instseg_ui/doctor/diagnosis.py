"""One thing that was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """`note` is worth knowing; only `wrong` keeps the product from doing its work."""

    OK = "ok"
    NOTE = "note"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was looked at, what is there, and for anything but `ok` what to do about it."""

    topic: str
    found: str
    state: State = State.OK
    remedy: str = ""


def note(topic: str, found: str, remedy: str = "") -> Diagnosis:
    """Worth knowing."""
    return Diagnosis(topic, found, State.NOTE, remedy)


def wrong(topic: str, found: str, remedy: str) -> Diagnosis:
    """To be mended."""
    return Diagnosis(topic, found, State.WRONG, remedy)

"""What is wrong with a data set, in sentences: gathered by kind, with a few examples each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

_EXAMPLES = 5
_LONGEST = 120


class Severity(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    """Something is left out of the evaluation."""
    WARNING = "warning"
    """It is evaluated, but may not be what was meant."""
    NOTE = "note"
    """Good to know."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of fault or fact.

    Attributes:
        level: how much it matters.
        kind: a short name that stays the same, such as `missing image`.
        text: what was found, what was done about it, and what to do.
        count: how often.
        examples: the first few, by name or id.
    """

    level: Severity
    kind: str
    text: str
    count: int
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        shown = ", ".join(self.examples)
        more = ", …" if self.count > len(self.examples) else ""
        where = f" ({shown}{more})" if shown else ""
        return f"{self.count} × {self.kind}{where}: {self.text}"

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "level": self.level.value,
            "kind": self.kind,
            "text": self.text,
            "count": self.count,
            "examples": list(self.examples),
        }


@dataclass(slots=True)
class Findings:
    """Findings as they come; those of one kind are counted together."""

    _counts: dict[str, int] = field(default_factory=dict)
    _examples: dict[str, list[str]] = field(default_factory=dict)
    _texts: dict[str, tuple[Severity, str]] = field(default_factory=dict)

    def error(self, kind: str, text: str, example: object = None) -> None:
        """Something is left out."""
        self.add(Severity.ERROR, kind, text, example)

    def warn(self, kind: str, text: str, example: object = None) -> None:
        """Something may not be what was meant."""
        self.add(Severity.WARNING, kind, text, example)

    def note(self, kind: str, text: str, example: object = None) -> None:
        """Something good to know."""
        self.add(Severity.NOTE, kind, text, example)

    def add(
        self, level: Severity, kind: str, text: str, example: object = None, count: int = 1
    ) -> None:
        """`text` and `level` are those of the first finding of its kind."""
        self._texts.setdefault(kind, (level, text))
        self._counts[kind] = self._counts.get(kind, 0) + count
        examples = self._examples.setdefault(kind, [])
        if example is not None and len(examples) < _EXAMPLES:
            examples.append(str(example)[:_LONGEST])

    def __iter__(self) -> Iterator[Finding]:
        """The gravest first."""
        order = list(Severity)
        for kind in sorted(self._counts, key=lambda one: order.index(self._texts[one][0])):
            level, text = self._texts[kind]
            yield Finding(level, kind, text, self._counts[kind], tuple(self._examples[kind]))

    def extend(self, others: Findings) -> None:
        """Take in what was found elsewhere."""
        for one in others:
            self._texts.setdefault(one.kind, (one.level, one.text))
            self._counts[one.kind] = self._counts.get(one.kind, 0) + one.count
            room = self._examples.setdefault(one.kind, [])
            room.extend(one.examples[: _EXAMPLES - len(room)])

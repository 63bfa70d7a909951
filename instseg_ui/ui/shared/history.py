"""What a visitor has done here: a list of links, the newest first, kept as long as the visit."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from instseg_ui.ui.shared.visits import Visits

Kind = Literal["compare", "benchmark", "evaluate", "judge", "teach"]

MOST = 20
_PART = "history"
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Done:
    """One piece of work.

    Attributes:
        kind: where it was done.
        text: what it was, in a few words.
        query: of the page's address that shows it again, with its question mark.
        at: when, seconds since 1970.
    """

    kind: Kind
    text: str
    query: str
    at: float


def note(visits: Visits, visitor: str, kind: Kind, text: str, query: str) -> None:
    """Put work at the top of the visitor's list, in place of what has the same address."""
    done = Done(kind, text[:_LONGEST], query, time.time())

    def with_it(kept: Mapping[str, Any]) -> Mapping[str, Any]:
        others = [one for one in _entries(kept) if one.query != query]
        return {"entries": [asdict(one) for one in (done, *others)[:MOST]]}

    visits.change(visitor, _PART, with_it)


def listed(visits: Visits, visitor: str) -> list[Done]:
    """The visitor's list."""
    return _entries(visits.kept(visitor, _PART))


def _entries(kept: Mapping[str, Any]) -> list[Done]:
    entries = kept.get("entries")
    found = [_read(one) for one in entries] if isinstance(entries, list) else []
    return [one for one in found if one is not None][:MOST]


def _read(entry: object) -> Done | None:
    """What `note` wrote; None for anything else."""
    if not isinstance(entry, Mapping):
        return None
    kind, text, query, at = (entry.get(name) for name in ("kind", "text", "query", "at"))
    if kind not in get_args(Kind) or not isinstance(text, str) or not isinstance(query, str):
        return None
    if not query.startswith("?") or not isinstance(at, int | float):
        return None
    known: Any = kind
    return Done(known, text[:_LONGEST], query, float(at))

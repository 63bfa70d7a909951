"""The page's address: which models, how they run, at which threshold, on which tab."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from instseg_ui import engines
from instseg_ui.catalog import Catalog
from instseg_ui.comparison.objects import MOST_MODELS
from instseg_ui.errors import InputError, UnknownModelError
from instseg_ui.results import check_threshold

TABS = ("segment", "compare", "benchmark", "evaluate", "judge", "catalog")
THRESHOLD = 0.5
_LONGEST = 4000
_ENGINES = {True: engines.HIGH_PERFORMANCE, False: engines.NORMAL}
_MODES = {engine: mode for mode, engine in _ENGINES.items()}


@dataclass(frozen=True, slots=True)
class PageLink:
    """What an address asks for; `notes` says in sentences what of it could not be used.

    `high_performance` is None where the address leaves it to the setting.
    """

    models: tuple[str, ...] = ()
    threshold: float = THRESHOLD
    tab: str | None = None
    notes: tuple[str, ...] = ()
    high_performance: bool | None = None


def read(params: Mapping[str, str], catalog: Catalog) -> PageLink:
    """What an address's query asks for; what cannot be used is named in `notes`."""
    models, notes = _models(params.get("models", ""), catalog)
    threshold, more = _threshold(params.get("threshold", ""))
    tab = params.get("tab", "").lower()
    high_performance = _MODES.get(params.get("engine", "").lower())
    known = tab if tab in TABS else None
    return PageLink(models, threshold, known, (*notes, *more), high_performance)


def query(
    models: Sequence[str],
    threshold: float,
    tab: str = "compare",
    high_performance: bool | None = None,
) -> str:
    """The query of an address that `read` reads back, with its question mark."""
    fields = {
        "models": ",".join(models),
        "threshold": f"{threshold:.4g}",
        "engine": "" if high_performance is None else _ENGINES[high_performance],
        "tab": tab,
    }
    return "?" + urlencode({name: value for name, value in fields.items() if value}, safe=",")


def _models(text: str, catalog: Catalog) -> tuple[tuple[str, ...], list[str]]:
    names = dict.fromkeys(part.strip() for part in text[:_LONGEST].split(",") if part.strip())
    known, notes = [], []
    for name in names:
        try:
            known.append(catalog.get(name).id)
        except UnknownModelError as error:
            notes.append(str(error))
    if len(known) > MOST_MODELS:
        notes.append(f"The link names {len(known)} models; the first {MOST_MODELS} are ticked.")
    return tuple(known[:MOST_MODELS]), notes[:3]


def _threshold(text: str) -> tuple[float, list[str]]:
    if not text:
        return THRESHOLD, []
    try:
        return check_threshold(float(text)), []
    except (ValueError, InputError):
        return THRESHOLD, [
            f"The link's threshold “{text[:20]}” is not a number from 0 to 1; {THRESHOLD} is used."
        ]

"""The page's address: what is looked at, by which models, at which threshold, on which tab.

`address.js` keeps the browser's address in step with the page, in these words.
"""

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
NONE = "none"
"""Says instead of models that none is ticked."""
_LONGEST, _LONGEST_NAME = 4000, 300
_ENGINES = {True: engines.HIGH_PERFORMANCE, False: engines.NORMAL}
_MODES = {engine: mode for mode, engine in _ENGINES.items()}


@dataclass(frozen=True, slots=True)
class PageLink:
    """What an address asks for; what it leaves open is empty or None.

    Attributes:
        models: to be ticked.
        threshold: the least score that is shown, 0..1.
        tab: one of `TABS`.
        notes: in sentences, what of it could not be used.
        high_performance: None leaves it to the setting.
        untick: whether no model is ticked.
        model: to be looked at.
        photo: the name of the photo to be looked at.
    """

    models: tuple[str, ...] = ()
    threshold: float = THRESHOLD
    tab: str | None = None
    notes: tuple[str, ...] = ()
    high_performance: bool | None = None
    model: str | None = None
    photo: str | None = None
    untick: bool = False


def read(params: Mapping[str, str], catalog: Catalog) -> PageLink:
    """What an address's query asks for; what cannot be used is named in `notes`."""
    named = params.get("models", "")
    untick = named == NONE
    models, notes = _models("" if untick else named, catalog)
    looked_at, unknown = _models(params.get("model", ""), catalog)
    threshold, more = _threshold(params.get("threshold", ""))
    tab = params.get("tab", "").lower()
    high_performance = _MODES.get(params.get("engine", "").lower())
    known = tab if tab in TABS else None
    return PageLink(
        models,
        threshold,
        known,
        (*notes, *unknown, *more),
        high_performance,
        looked_at[0] if looked_at else None,
        params.get("photo", "")[:_LONGEST_NAME] or None,
        untick,
    )


def query(
    models: Sequence[str],
    threshold: float | None = None,
    tab: str = "compare",
    high_performance: bool | None = None,
    photo: str = "",
    model: str = "",
) -> str:
    """The query of an address that `read` reads back, with its question mark."""
    fields = {
        "photo": photo,
        "model": model,
        "models": ",".join(models),
        "threshold": "" if threshold is None else f"{threshold:.4g}",
        "engine": "" if high_performance is None else _ENGINES[high_performance],
        "tab": tab,
    }
    return "?" + urlencode({name: value for name, value in fields.items() if value}, safe=",")


def run_query(name: str) -> str:
    """The query of an address that opens the kept benchmark run of that file name."""
    return "?" + urlencode({"tab": "benchmark", "run": name})


def run_of(params: Mapping[str, str]) -> str:
    """The kept benchmark run that an address opens; empty without one."""
    return params.get("run", "")[:_LONGEST_NAME]


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

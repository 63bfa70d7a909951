"""The catalog as the page's one list: what each model knows, how good, fast and large it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict

from instseg_ui.catalog import ModelSpec
from instseg_ui.comparison.objects import MOST_MODELS
from instseg_ui.errors import InputError
from instseg_ui.show.knowledge import classes_of, knows
from instseg_ui.ui.shared.own_models import removable
from instseg_ui.ui.shared.services import Services
from instseg_ui.weights import ModelState

Group = Literal["Yours", "In the box", "Ready", "To fetch", "Broken"]
GROUPS: tuple[Group, ...] = ("Yours", "In the box", "Ready", "To fetch", "Broken")
_READY_AT_FIRST = 3


class ModelRow(TypedDict):
    """One model as the list shows it; numbers are None where there is none.

    `ap` is the published mask AP on COCO in percent, `our_ap` what this project measured on its
    own photos, which cannot be compared with it; `ms` is a median of warm runs on this machine,
    `size` is in MB, `published` has the published figures by the names of `catalog.Published`, and
    `here` is what high-performance mode gains on this machine. `made_from` is the official model
    that one of the user's own was made from, `removable` whether this page may remove it.
    """

    id: str
    family: str
    group: Group
    knows: str
    ap: float | None
    our_ap: float | None
    ms: float | None
    size: float | None
    state: str
    published: dict[str, float | None]
    here: str
    made_from: str
    removable: bool


def rows(services: Services, gains: Mapping[str, str] | None = None) -> list[ModelRow]:
    """Every model, own ones first, then those in the box, those that are here, and the others."""
    loaded = services.segmenter.loaded()
    found = [
        _row(services, spec, spec.id in loaded, (gains or {}).get(spec.id, ""))
        for spec in services.segmenter.catalog
    ]
    return sorted(found, key=lambda row: GROUPS.index(row["group"]))


def ready(services: Services) -> list[str]:
    """Models that run now, of which a first comparison is made: those in the box come first."""
    usable = [row["id"] for row in rows(services) if row["group"] in GROUPS[:3]]
    return usable[:_READY_AT_FIRST]


def picked(services: Services, sent: object) -> list[str]:
    """The models that the page says are ticked, in the catalog's order.

    Raises:
        InputError: it is no list of the catalog's names, or there are too many.
    """
    names = services.segmenter.catalog.names
    if not isinstance(sent, Sequence) or isinstance(sent, str) or len(sent) > len(names):
        raise InputError("Expected a list of models. Reload the page.")
    ticked = {name for name in sent if isinstance(name, str)}
    known = [name for name in names if name in ticked]
    if len(known) > MOST_MODELS:
        raise InputError(f"Tick at most {MOST_MODELS} models; {len(known)} are ticked.")
    return known


def _row(services: Services, spec: ModelSpec, loaded: bool, gain: str) -> ModelRow:
    status = services.segmenter.store.status(spec)
    size = status.size_bytes / 1e6 if status.size_bytes else spec.published.storage_mb
    published = {name: getattr(spec.published, name) for name in spec.published.__slots__}
    return {
        "id": spec.id,
        "family": spec.family,
        "group": _group(spec, status.state),
        "knows": knows(classes_of(services.segmenter.store, spec), spec.labels_hint),
        "ap": spec.published.mask_ap,
        "our_ap": spec.measured.mask_ap if spec.measured else None,
        "ms": services.latencies.get(spec.id),
        "size": size,
        "state": "loaded" if loaded else _STATES[status.state],
        "published": published,
        "here": gain,
        "made_from": spec.family if _group(spec, status.state) == "Yours" else "",
        "removable": removable(services.settings, spec),
    }


_STATES = {
    ModelState.BUNDLED: "ready",
    ModelState.READY: "ready",
    ModelState.NOT_FETCHED: "not fetched",
    ModelState.BROKEN: "broken",
}


def _group(spec: ModelSpec, state: ModelState) -> Group:
    if state is ModelState.BROKEN:
        return "Broken"
    if spec.source in ("own", "folder"):
        return "Yours"
    if state is ModelState.BUNDLED:
        return "In the box"
    return "Ready" if state is ModelState.READY else "To fetch"

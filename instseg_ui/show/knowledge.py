"""What a model knows, in words: its classes, as people look for them."""

from __future__ import annotations

from collections.abc import Sequence

from instseg_ui.catalog import ModelSpec
from instseg_ui.catalog.catalog import OFFICIAL_LABELS
from instseg_ui.coco_classes import COCO_NAMES
from instseg_ui.errors import ModelError
from instseg_ui.weights import WeightsStore

_FEW = 12


def classes_of(store: WeightsStore, spec: ModelSpec) -> tuple[str, ...]:
    """The names of a model's classes; of an official one before it is here, COCO's; else none."""
    try:
        return store.folder(spec).labels
    except ModelError:
        return COCO_NAMES if spec.labels_hint == OFFICIAL_LABELS else ()


def knows(classes: Sequence[str], hint: str = "") -> str:
    """`1 class: cat`, `10 classes: person, building, …`; `hint` where they are not known."""
    if not classes:
        return hint
    shown = ", ".join(name[:40] for name in classes[:_FEW])
    return f"{_number(classes)}: {shown}" + (", …" if len(classes) > _FEW else "")


def nothing_found(model: str, classes: Sequence[str], other: str = "") -> str:
    """What to say where a model found nothing: what it knows, then `other`, who knows more."""
    if not classes:
        return other
    return f"{model} knows {knows(classes)}. {other}".strip()


def wider_model(store: WeightsStore, specs: Sequence[ModelSpec], known: int) -> str:
    """The smallest model that knows more than `known` classes, and what it takes to have it."""
    wider = [
        (spec.published.storage_mb or float("inf"), spec, classes)
        for spec in specs
        if len(classes := classes_of(store, spec)) > known
    ]
    if not wider:
        return ""
    here = [row for row in wider if store.status(row[1]).usable]
    size, spec, classes = min(here or wider, key=lambda row: row[0])
    what = f"{spec.id} knows {_number(classes)}"
    return f"{what}: click it in the list." if here else f"{what}: fetch {size:.3g} MB."


def _number(classes: Sequence[str]) -> str:
    return "1 class" if len(classes) == 1 else f"{len(classes)} classes"

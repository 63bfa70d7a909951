"""The catalog as the page shows it: one model's card, what can be done with it, what is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import htpy as h
from markupsafe import Markup

from instseg_ui.catalog import Catalog, ModelSpec
from instseg_ui.errors import InstSegError
from instseg_ui.hpi import Record
from instseg_ui.numbers import NONE, megabytes, milliseconds
from instseg_ui.show.html import facts, failure, markup, notes, progress
from instseg_ui.show.model_facts import accuracy
from instseg_ui.ui.catalog import engines
from instseg_ui.ui.shared import fetch, own_models
from instseg_ui.ui.shared.services import Services
from instseg_ui.weights import ModelState, ModelStatus

Action = Literal["verify", "fetch", "unload", "remove"]
_FIGURES = (
    ("gpu_normal_ms", "GPU"),
    ("gpu_hp_ms", "GPU, high performance"),
    ("cpu_normal_ms", "CPU"),
    ("cpu_hp_ms", "CPU, high performance"),
)


@dataclass(frozen=True, slots=True)
class Card:
    """One model: what is known of it, and which actions it offers."""

    html: Markup
    actions: frozenset[Action]


@dataclass(frozen=True, slots=True)
class Question:
    """What an action would do, before it is done; `possible` is False where it only explains."""

    html: Markup
    button: str
    possible: bool = True


def gains(services: Services, records: Mapping[str, Record]) -> dict[str, str]:
    """By model, what high-performance mode runs and gains on this machine, or a dash."""
    names = services.segmenter.catalog.names
    return {name: engines.cell(services.settings, records.get(name)) for name in names}


def card(services: Services, model: str, record: Record | None = None) -> Card:
    """All that is known of a model, and what can be done with it now."""
    spec = services.segmenter.catalog.get(model)
    status = services.segmenter.store.status(spec)
    resident = services.segmenter.loaded().get(spec.id)
    actions: set[Action] = {"unload"} if resident else set()
    if spec.source == "official":
        actions.add("remove" if status.usable else "fetch")
    if own_models.removable(services.settings, spec):
        actions.add("remove")
    if status.usable:
        actions.add("verify")
    state = "loaded" if resident else str(status.state)
    memory = f"{megabytes(resident.memory_mb)} of memory" if resident else "not in memory"
    disk = megabytes(status.size_bytes / 1e6) if status.size_bytes else "not on this disk"
    html = h.section(".card", aria_label="The chosen model")[
        h.h3[spec.id],
        h.p[spec.description],
        facts(_rows(spec, state, disk, memory)),
        _reason(status),
        engines.engines_section(services.settings, record) if status.usable else None,
    ]
    return Card(markup(html), frozenset(actions))


def usage(services: Services) -> Markup:
    """Disk and memory in use, each against its limit."""
    store, registry = services.segmenter.store, services.segmenter.registry
    official = [spec for spec in services.segmenter.catalog if spec.source == "official"]
    sizes = [status.size_bytes or 0 for spec in official if (status := store.status(spec)).usable]
    used, free = sum(sizes) / 1e6, _free_mb(services, official)
    room = f" of {megabytes(used + free)} that the disk has for them" if free else ""
    memory, budget = registry.memory_mb(), registry.budget_mb
    loaded = len(registry.residents())
    disk = progress(
        f"Disk: {len(sizes)} of {len(official)} official models, {megabytes(used)}{room}",
        used / (used + free) if free else 0.0,
    )
    ram = progress(
        f"Memory: {loaded} loaded, {megabytes(memory)} of {megabytes(budget)} allowed",
        min(1.0, memory / budget) if budget else 0.0,
    )
    return markup(h.div(".usage")[disk, ram])


def basis(catalog: Catalog) -> Markup:
    """Where the published figures come from."""
    published = catalog.basis
    sentences = (
        f"Published figures: {published.publisher}, “{published.page}”.",
        f"{published.hardware}.",
        f"Normal: {published.normal}.",
        f"High performance (HP): {published.high_performance}.",
        "Mask AP on COCO. A dash: not published.",
    )
    return notes(" ".join(sentences))


def question(services: Services, model: str, action: Action) -> Question:
    """What the action would do, for the person to confirm."""
    spec = services.segmenter.catalog.get(model)
    name = h.b[spec.id]
    if action == "fetch":
        offer = fetch.offer(services, model)
        if offer is None:
            there = h.p[name, " is on this machine already."]
            return Question(markup(there), "Fetch", False)
        return Question(offer.html, offer.button, offer.possible)
    if action == "remove":
        size = megabytes((services.segmenter.store.status(spec).size_bytes or 0) / 1e6)
        if spec.source == "own":
            return Question(own_models.removal(services, spec), "Remove")
        words = h.p["Remove ", name, f", {size}, from this disk? It can be fetched again."]
        return Question(markup(words), f"Remove {size}")
    resident = services.segmenter.loaded().get(spec.id)
    size = megabytes(resident.memory_mb) if resident else "its memory"
    words = h.p["Unload ", name, f" and give {size} back? The next run loads it again."]
    return Question(markup(words), "Unload")


def act(services: Services, model: str, action: Action) -> str:
    """Remove or unload the model; what was done, as a sentence.

    Raises:
        InstSegError: it could not be done, and why.
    """
    spec = services.segmenter.catalog.get(model)
    if action == "unload":
        unloaded = services.segmenter.unload(model)
        return f"{spec.id} is unloaded." if unloaded else f"{spec.id} was not loaded."
    if spec.source == "own":
        return own_models.remove(services, model)
    removed = services.segmenter.remove(model)
    return f"{spec.id} is removed." if removed else f"{spec.id} was not on this disk."


def _reason(status: ModelStatus) -> Markup | None:
    """Why it cannot run; that it is not fetched is no fault."""
    if status.state is ModelState.NOT_FETCHED:
        return notes(status.reason)
    return failure(status.reason) if status.reason else None


def _rows(spec: ModelSpec, state: str, disk: str, memory: str) -> list[tuple[str, str]]:
    figures = spec.published
    return [
        ("Family", spec.family),
        ("Classes", spec.labels_hint),
        ("State", state),
        ("Here", f"{disk}, {memory}"),
        ("Mask AP, published", accuracy(figures.mask_ap)),
        *_measured(spec),
        *(
            (f"{words}, published", NONE if value is None else milliseconds(value))
            for key, words in _FIGURES
            for value in (getattr(figures, key),)
        ),
        (
            "Size, published",
            NONE if figures.storage_mb is None else megabytes(figures.storage_mb),
        ),
    ]


def _measured(spec: ModelSpec) -> list[tuple[str, str]]:
    """What this project measured of an embedded model, and on what."""
    if spec.measured is None:
        return []
    return [
        ("Mask AP, measured by us", f"{accuracy(spec.measured.mask_ap)} on {spec.measured.data}")
    ]


def _free_mb(services: Services, official: list[ModelSpec]) -> float:
    try:
        return services.segmenter.store.plan(official[0]).free_bytes / 1e6 if official else 0.0
    except (InstSegError, OSError):
        return 0.0

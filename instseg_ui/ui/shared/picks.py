"""Which models a tab works on: shortcuts by family above one tick box a model."""

from __future__ import annotations

from collections.abc import Sequence

import gradio as gr
from markupsafe import Markup

from instseg_ui.catalog import ModelSpec
from instseg_ui.comparison.objects import MOST_MODELS
from instseg_ui.numbers import megabytes
from instseg_ui.show.html import summary
from instseg_ui.show.model_facts import accuracy
from instseg_ui.ui.shared.services import Services
from instseg_ui.weights import ModelState

READY, NONE = "Ready here", "None"

_STATES = {
    ModelState.BUNDLED: "ready",
    ModelState.READY: "ready",
    ModelState.NOT_FETCHED: "to fetch",
    ModelState.BROKEN: "broken",
}


def picks_layout(
    services: Services, label: str, elem_id: str, picked: Sequence[str] | None = None
) -> tuple[dict[str, gr.Button], gr.CheckboxGroup]:
    """The shortcuts by name, and the boxes with `picked` ticked, or the default model."""
    with gr.Row(elem_classes="model-shortcuts"):
        buttons = {name: gr.Button(name, size="sm", min_width=60) for name in shortcuts(services)}
    boxes = gr.CheckboxGroup(
        choices=choices(services),
        value=list(picked) if picked is not None else [services.settings.default_model],
        label=label,
        elem_id=elem_id,
    )
    return buttons, boxes


def choices(services: Services) -> list[tuple[str, str]]:
    """Every model as (words, name): its published AP, its size, and whether it is here."""
    return [(_words(services, spec), spec.id) for spec in services.segmenter.catalog]


def ready(services: Services) -> list[str]:
    """The models that can run now, at most as many as the grid has places."""
    store = services.segmenter.store
    names = [spec.id for spec in services.segmenter.catalog if store.status(spec).usable]
    return names[:MOST_MODELS]


def shortcuts(services: Services) -> list[str]:
    """The names of the shortcuts: what is here, each family, none."""
    families = dict.fromkeys(spec.family for spec in services.segmenter.catalog)
    return [READY, *families, NONE]


def toggled(services: Services, picks: Sequence[str], shortcut: str) -> list[str]:
    """The picks after a shortcut: a family comes along, or goes if all of it was picked."""
    if shortcut == NONE:
        return []
    if shortcut == READY:
        return ready(services)
    catalog = services.segmenter.catalog
    family = [spec.id for spec in catalog if spec.family == shortcut]
    if set(family) <= set(picks):
        return [name for name in picks if name not in family]
    wanted = {*picks, *family}
    return [name for name in catalog.names if name in wanted][:MOST_MODELS]


def button(picks: Sequence[str]) -> str:
    """The words of the button that starts."""
    if not picks:
        return "Compare"
    return "Run 1 model" if len(picks) == 1 else f"Compare {len(picks)} models"


def hint(picks: Sequence[str]) -> Markup:
    """What to do next, before anything ran."""
    if not picks:
        words = "Pick two or more models, then compare them on this photo."
    elif len(picks) == 1:
        words = "One model is picked. Pick another one to compare it with."
    elif len(picks) > MOST_MODELS:
        words = f"{len(picks)} models are picked; at most {MOST_MODELS} fit. Take some away."
    else:
        words = "The models run one after another; each result appears when it is done."
    return summary(words)


def _words(services: Services, spec: ModelSpec) -> str:
    status, published = services.segmenter.store.status(spec), spec.published
    size = status.size_bytes / 1e6 if status.size_bytes else published.storage_mb
    parts = [
        spec.id,
        _accuracy(spec),
        megabytes(size) if size else "",
        _STATES[status.state],
    ]
    # A line breaks between the parts only.
    return " · ".join(part.replace(" ", "\N{NO-BREAK SPACE}") for part in parts if part)


def _accuracy(spec: ModelSpec) -> str:
    if spec.published.mask_ap is not None:
        return f"AP {accuracy(spec.published.mask_ap)}"
    return f"AP {accuracy(spec.measured.mask_ap)} on our photos" if spec.measured else "no AP"

"""The models that a command names, each made ready: fetched if it is not here."""

from __future__ import annotations

from collections.abc import Sequence

from instseg_ui.catalog import Catalog
from instseg_ui.cli.console import BytesShown, Console
from instseg_ui.pipeline.choice import choose_model, read_device
from instseg_ui.pipeline.config import PipelineConfig
from instseg_ui.settings import Settings
from instseg_ui.variables import read_settings
from instseg_ui.weights import ModelState, WeightsStore


def chosen_models(
    wanted: Sequence[str], device: str | None, console: Console
) -> tuple[list[str], Settings]:
    """Their catalog ids, and the settings that list them.

    Args:
        wanted: names or folders of models.
        device: where they run; None is the setting's.
        console: where the progress of a download is shown.

    Raises:
        InputError, ModelError: there is no such device or model, or it cannot be fetched.
    """
    settings = read_settings()
    if device is not None:
        settings = settings.model_copy(update={"device": read_device(device)})
    names = []
    for one in wanted:
        spec, settings = choose_model(one, PipelineConfig(), settings)
        names.append(spec.id)
    catalog, store = Catalog.load(settings), WeightsStore(settings)
    for name in names:
        spec = catalog.get(name)
        if store.state(spec) is ModelState.NOT_FETCHED:
            with BytesShown(console, f"Fetching {name}") as shown:
                store.fetch(spec, shown)
    return names, settings

"""Which of a model's classes stand for which category, as it is and as somebody changes it."""

from __future__ import annotations

from collections.abc import Sequence

from instseg_ui.errors import InputError
from instseg_ui.evaluate import CategoryMap
from instseg_ui.ui.evaluate.desk import NO_DATA, Desk
from instseg_ui.ui.shared.services import Services


def mapping_of(services: Services, desk: Desk, model: str) -> CategoryMap:
    """Which of the model's classes stand for which category, with the changes made by hand.

    Raises:
        InputError: there is no data set.
        UnknownModelError, NotFetchedError, ModelFolderError: no such model here.
    """
    if desk.dataset is None:
        raise InputError(NO_DATA)
    labels = services.segmenter.store.folder(services.segmenter.catalog.get(model)).labels
    by_name = CategoryMap.by_name(desk.dataset.categories, labels)
    return by_name.with_changes(desk.changes.get(model, {}))


def change_mapping(
    services: Services, desk: Desk, model: str, category: str, labels: Sequence[str]
) -> None:
    """Let these classes of the model, and no others, stand for a category.

    Raises:
        InputError: a class that stands for another category already by hand, or no such thing.
    """
    before = desk.changes.get(model, {})
    mapping = mapping_of(services, desk, model)
    changes = {**before, category: list(labels)}
    mapping.with_changes(changes)
    desk.changes[model] = changes

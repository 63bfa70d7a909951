"""The catalog's list as a Gradio component: sort it, look at a model, tick those to compare."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypedDict

from instseg_ui.ui.viewer.component import ViewerComponent
from instseg_ui.ui.workbench.models import ModelRow


class ModelListValue(TypedDict):
    """Everything the list is given; `ticked` is None where the ticks stay as they are.

    `answers` is the number under which the page told of these ticks; None where it did not.
    """

    rows: list[ModelRow]
    chosen: str
    ticked: list[str] | None
    answers: int | None


def model_list_value(
    rows: Sequence[ModelRow],
    chosen: str,
    ticked: Sequence[str] | None = None,
    answers: int | None = None,
) -> ModelListValue:
    """The value of a `ModelListView`."""
    return {
        "rows": list(rows),
        "chosen": chosen,
        "ticked": None if ticked is None else list(ticked),
        "answers": answers,
    }


class ModelListView(ViewerComponent):
    """The models, one a row; a heading sorts.

    Events: ``select`` with the ``model`` of a row; ``input`` with the models that are ``ticked``
    and the ``number`` of that telling, which the value that answers it carries; ``delete`` with
    the ``model`` that is to be removed.

    With ``wide`` all published figures have columns of their own.
    """

    folder = Path(__file__).parent
    template = "model_list.html"
    styles = ("model_list.css",)
    script = "on_load_models.js"
    contents = "rows, chosen and ticked of the list"

    def __init__(self, value: ModelListValue, *, wide: bool = False, **kwargs: Any) -> None:
        """Build the component.

        Args:
            value: what to show first.
            wide: whether published figures are shown.
            kwargs: further arguments of a `ViewerComponent`.
        """
        self.wide = wide
        super().__init__(value, wide=wide, **kwargs)

    @classmethod
    def empty(cls) -> dict[str, Any]:
        """A list without models."""
        return {"rows": [], "chosen": "", "ticked": None, "answers": None}

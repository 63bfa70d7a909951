"""The table of matched objects: who found each, as what, and how well it is cut out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypedDict

import gradio as gr

from instseg_ui.comparison.objects import Comparison, MatchedObject, State
from instseg_ui.palette import color
from instseg_ui.prediction_json import number
from instseg_ui.ui.viewer.viewer import modules_address

HERE = Path(__file__).parent


class MemberValue(TypedDict):
    """A model's instance of an object.

    ``index`` counts in the model's prediction, best score first; ``iou`` is None for the
    mask that the others' IoU is measured to.
    """

    index: int
    label: str
    score: float
    iou: float | None
    color: str


class ObjectValue(TypedDict):
    """One object, a place a model; None where the model missed it."""

    state: State
    members: list[MemberValue | None]


class ObjectTableValue(TypedDict):
    """Everything the table is given; `object_table_value` builds one."""

    models: list[str]
    reference: int
    objects: list[ObjectValue]


def object_table_value(
    comparison: Comparison | None = None, *, order: Sequence[str] | None = None
) -> ObjectTableValue:
    """The value of an `ObjectTable`.

    Args:
        comparison: what was matched, the reference first; None clears the table.
        order: the models from left to right, as the panes stand; by default the
            comparison's. Models that were not compared are left out.
    """
    if comparison is None:
        return {"models": [], "reference": 0, "objects": []}
    places = _places(comparison.models, order)
    return {
        "models": [comparison.models[place] for place in places],
        "reference": places.index(0),
        "objects": [_object(one, places) for one in comparison.objects],
    }


def _places(models: Sequence[str], order: Sequence[str] | None) -> list[int]:
    """Where each column lies in the comparison; models the order forgot come last."""
    left = list(range(len(models)))
    places = []
    for name in order or ():
        place = next((one for one in left if models[one] == name), None)
        if place is not None:
            places.append(place)
            left.remove(place)
    return places + left


def _object(matched: MatchedObject, places: Sequence[int]) -> ObjectValue:
    leading = next(place for place, member in enumerate(matched.members) if member)
    members: list[MemberValue | None] = []
    for place in places:
        member = matched.members[place]
        if member is None:
            members.append(None)
            continue
        members.append(
            {
                "index": member.index,
                "label": member.instance.label,
                "score": number(member.instance.score),
                "iou": None if place == leading else round(member.iou, 4),
                "color": color(member.instance.label),
            }
        )
    return {"state": matched.state, "members": members}


class ObjectTable(gr.HTML):
    """Matched objects, one row each; a row shows its object in every pane of the page.

    The table and a `CompareGrid` of the same page talk through events on ``document``,
    in which models are known by their names, a repeated name by its place among equals:

    - ``instseg:objects``, from the table: ``models`` and ``objects`` as in the value.
    - ``instseg:objects-wanted``, from a grid that came later: asks for the former.
    - ``instseg:object``, from either: ``from`` ("table" or "grid"), ``kind`` ("select" or
      "hover") and ``object``, the place among the objects, -1 for none.
    """

    def __init__(
        self,
        value: ObjectTableValue | Mapping[str, Any] | None = None,
        *,
        elem_id: str | None = None,
        elem_classes: list[str] | str | None = None,
        visible: bool | Literal["hidden"] = True,
        render: bool = True,
        **kwargs: Any,
    ) -> None:
        """Build the component.

        Args:
            value: what to show first, as `object_table_value` builds it.
            elem_id: id of the element in the page.
            elem_classes: classes of the element in the page.
            visible: as for every Gradio component.
            render: as for every Gradio component.
            kwargs: further arguments of ``gr.HTML``.
        """
        super().__init__(
            value=value if value is not None else object_table_value(),
            elem_id=elem_id,
            elem_classes=elem_classes,
            html_template=(HERE / "objects.html").read_text(encoding="utf-8"),
            css_template=(HERE / "objects.css").read_text(encoding="utf-8"),
            js_on_load=(HERE / "on_load_objects.js").read_text(encoding="utf-8"),
            apply_default_css=False,
            visible=visible,
            render=render,
            modules=modules_address(),
            **kwargs,
        )

    def preprocess(self, payload: Any) -> dict[str, Any] | None:
        """The value as an input: the object, or None for anything else a browser may send."""
        return payload if isinstance(payload, dict) else None

    def postprocess(self, value: Any) -> dict[str, Any]:
        """The value as an output; None clears the table."""
        if value is None:
            return dict(object_table_value())
        if not isinstance(value, Mapping):
            raise TypeError(f"expected an object_table_value() or None, got {type(value).__name__}")
        return dict(value)

    def api_info(self) -> dict[str, Any]:
        """Schema of the value."""
        return {
            "type": "object",
            "description": "models, reference and objects of the table",
            "additionalProperties": True,
        }

    def example_payload(self) -> dict[str, Any]:
        """A value as the API takes it."""
        return dict(object_table_value())

    def example_value(self) -> dict[str, Any]:
        """A value as a function returns it."""
        return dict(object_table_value())

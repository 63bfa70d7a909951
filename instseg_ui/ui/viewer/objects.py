"""The table of matched objects: who found each, as what, and how well it is cut out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from instseg_ui.comparison.objects import Comparison, MatchedObject, State
from instseg_ui.palette import class_colors
from instseg_ui.prediction_json import number
from instseg_ui.ui.viewer.component import ViewerComponent


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
    comparison: Comparison | None = None,
    *,
    order: Sequence[str] | None = None,
    colors: Mapping[str, str] | None = None,
) -> ObjectTableValue:
    """The value of an `ObjectTable`.

    Args:
        comparison: what was matched, the reference first; None clears the table.
        order: the models from left to right, as the panes stand; by default the
            comparison's. Models that were not compared have no column.
        colors: of the classes, by name, as the panes have them; by default of those matched.
    """
    if comparison is None:
        return {"models": [], "reference": 0, "objects": []}
    places = _places(comparison.models, order)
    colors = colors or class_colors(_names(comparison))
    return {
        "models": [comparison.models[place] for place in places],
        "reference": places.index(0),
        "objects": [_object(one, places, colors) for one in comparison.objects],
    }


def _places(models: Sequence[str], order: Sequence[str] | None) -> list[int]:
    """Where each column lies in the comparison; models that the order does not name come last."""
    left = list(range(len(models)))
    places = []
    for name in order or ():
        place = next((one for one in left if models[one] == name), None)
        if place is not None:
            places.append(place)
            left.remove(place)
    return places + left


def _names(comparison: Comparison) -> list[str]:
    members = (member for one in comparison.objects for member in one.members)
    return sorted({member.instance.label for member in members if member})


def _object(
    matched: MatchedObject, places: Sequence[int], colors: Mapping[str, str]
) -> ObjectValue:
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
                "color": colors[member.instance.label],
            }
        )
    return {"state": matched.state, "members": members}


class ObjectTable(ViewerComponent):
    """Matched objects, one row each; a row shows its object in every pane of the page.

    The table and a `CompareGrid` of the same page talk through events on ``document``,
    in which models are known by their names, a repeated name by its place among equals:

    - ``instseg:objects``, from the table: ``models`` and ``objects`` as in the value.
    - ``instseg:objects-wanted``, from a grid that came later: asks for the former.
    - ``instseg:object``, from either: ``from`` ("table" or "grid"), ``kind`` ("select" or
      "hover") and ``object``, the place among the objects, -1 for none.
    - ``instseg:colors``, from the grid: how the panes colour the members.
    """

    template = "objects.html"
    styles = ("objects.css",)
    script = "on_load_objects.js"
    contents = "models, reference and objects of the table"

    @classmethod
    def empty(cls) -> dict[str, Any]:
        """A table without models."""
        return dict(object_table_value())

"""What the recipes that cut around `multiclass_nms3` share."""

from __future__ import annotations

from typing import Any

from instseg_ui.engines.conversion.graph import Graph, Op, kind
from instseg_ui.engines.conversion.refusal import NoMatch, OtherFamily

_ATTRIBUTES = (
    "score_threshold",
    "nms_top_k",
    "keep_top_k",
    "nms_threshold",
    "normalized",
    "nms_eta",
    "background_label",
)


def only_nms(graph: Graph) -> Op:
    """The graph's one `multiclass_nms3`, in its outermost block.

    Raises:
        OtherFamily: there is none.
        NoMatch: it lies in a branch or a loop, or there are more.
    """
    count = sum(kind(op) == "multiclass_nms3" for op in graph.nested())
    if not count:
        raise OtherFamily("it has no multiclass_nms3")
    nms = graph.only("multiclass_nms3")
    if count > 1:
        raise NoMatch("it has more than one multiclass_nms3")
    return nms


def attributes(nms: Op) -> dict[str, Any]:
    """Its attributes, as `instseg_ui.engines.tails.multiclass_nms.multiclass_nms3` takes them."""
    attrs = nms.attrs()
    return {name: attrs[name] for name in _ATTRIBUTES}

"""PP-YOLOE_seg: the network ends before its NMS; masks are made on the host for what is kept.

boxes (1, M, 4), of the network's input, and scores (1, C, M) -> NMS -> rows, index
coefficients (1, D, M) -> gather by index -> (K, D) x prototypes (1, D, h, w) -> sigmoid
    -> bilinear_interp to the network's input -> zero outside the box
    -> bilinear_interp to the image -> cut off at the image's size -> > level
boxes / scale_factor

The real export computes all after the NMS in a branch for images in which it found something.
"""

from __future__ import annotations

from instseg_ui.engines.conversion.cut import Cut, Piece
from instseg_ui.engines.conversion.graph import (
    Graph,
    Op,
    Value,
    ancestors,
    back,
    constant,
    kind,
    maker,
    operands,
    same,
    shape,
    users,
)
from instseg_ui.engines.conversion.recipes.multiclass_nms import attributes, only_nms
from instseg_ui.engines.conversion.refusal import NoMatch

# What only changes a tensor's form.
_FORM = ("slice", "reshape", "squeeze", "unsqueeze", "flatten", "assign")


def cut(graph: Graph) -> Cut:
    """Cut before the NMS, the coefficients' choice, and the masks' product."""
    nms = only_nms(graph)
    boxes, scores = operands(nms)[:2]
    after = _after(graph, nms)
    choice, product = _product(after, nms)
    coefficients, by_channel = _coefficients(operands(choice)[0])
    prototypes = back(operands(product)[1], *_FORM)
    params = {
        "nms": attributes(nms),
        "by_channel": by_channel,
        "input": _crop(after),
        "level": _level(after),
        "truncated": _truncated(after),
    }
    if len(shape(prototypes)) not in (3, 4):
        raise NoMatch("its prototypes are not maps")
    outputs = {
        "boxes": boxes,
        "scores": scores,
        "coefficients": coefficients,
        "prototypes": prototypes,
    }
    return Cut({"network": Piece(outputs)}, params)


def _after(graph: Graph, nms: Op) -> list[Op]:
    """Operators past the NMS, those of branches too."""
    ops = list(graph.nested())
    ids = [op.id() for op in ops]
    return ops[ids.index(nms.id()) + 1 :]


def _product(after: list[Op], nms: Op) -> tuple[Op, Op]:
    """The gather of coefficients by the index of the NMS, and their product with prototypes."""
    for op in after:
        if kind(op) != "matmul":
            continue
        choice = maker(back(operands(op)[0], *_FORM))
        if kind(choice) not in ("gather", "gather_nd"):
            continue
        if same(back(operands(choice)[1], *_FORM), nms.result(1)):
            if op.attrs()["transpose_x"] or op.attrs()["transpose_y"]:
                raise NoMatch("its masks' product is transposed")
            return choice, op
    raise NoMatch("its masks are not a product of coefficients that its NMS chose")


def _coefficients(gathered: Value) -> tuple[Value, bool]:
    """What the choice is made from, and whether it is (1, D, M), not (1, M, D)."""
    value = back(gathered, *_FORM)
    if kind(maker(value)) != "transpose":
        return value, False
    if list(maker(value).attrs()["perm"]) != [0, 2, 1]:
        raise NoMatch("its coefficients are transposed in another way")
    return back(operands(maker(value))[0], *_FORM), True


def _crop(after: list[Op]) -> list[int]:
    """Height and width of the network's input, to which masks are stretched and cropped first."""
    found = [op for op in after if kind(op) == "bilinear_interp"]
    if len(found) != 2:
        raise NoMatch(f"its masks are stretched {len(found)} times, not twice")
    for op in found:
        attrs = op.attrs()
        if attrs["align_corners"] or attrs["align_mode"] != 0:
            raise NoMatch("its masks are stretched with aligned corners")
    first = shape(found[0].result(0))[-2:]
    if -1 in first:
        raise NoMatch("its input is not of one size")
    compared = [kind(op) for op in after if kind(op) in ("greater_equal", "less_than")]
    if sorted(compared) != ["greater_equal"] * 2 + ["less_than"] * 2:
        raise NoMatch("its masks are not cropped to their boxes")
    return list(first)


def _truncated(after: list[Op]) -> bool:
    """Whether the image's size is a quotient cut to a whole number, at some sizes one too few."""
    stretched = [op for op in after if kind(op) == "bilinear_interp"][-1]
    for op in users(stretched.result(0)):
        if kind(op) == "slice":
            made = {kind(item) for item in ancestors([operands(op)[2]])}
            return not made & {"floor", "round"}
    return False


def _level(after: list[Op]) -> float:
    """Where a mask begins, as a probability."""
    last = [op for op in after if kind(op) == "greater_than"][-1:]
    level = constant(operands(last[0])[1]) if last else None
    if level is None:
        raise NoMatch("its masks are not cut at a level")
    return float(level)

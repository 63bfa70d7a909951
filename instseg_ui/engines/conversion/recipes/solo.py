"""SOLOv2: the network ends before its masks; scoring, matrix NMS and stretching on the host.

scores (N, C) > threshold -> nonzero -> candidates
kernels (N, D) of the candidates, as filters over features (1, D, h, w) -> sigmoid > mask level
    -> those of few pixels dropped -> mask score -> best -> matrix NMS -> decayed score -> best
    -> bilinear_interp by a factor -> cut off at the input's size -> bilinear_interp to the image
    -> > level
"""

from __future__ import annotations

from instseg_ui.engines.conversion.cut import Cut, Piece
from instseg_ui.engines.conversion.graph import (
    Graph,
    Op,
    Value,
    back,
    constant,
    kind,
    maker,
    operands,
    shape,
)
from instseg_ui.engines.conversion.refusal import NoMatch, OtherFamily

# What only changes a tensor's form.
_FORM = ("reshape", "squeeze", "unsqueeze", "cast", "assign")


def cut(graph: Graph) -> Cut:
    """Cut before the candidates' choice and the masks' convolution."""
    if len(graph.outputs) != 4:
        raise OtherFamily(f"it has {len(graph.outputs)} outputs, not 4")
    filters = _dynamic_convolution(graph)
    scores, threshold = _scores(graph)
    kernels = _first_of_list(operands(maker(back(operands(filters)[1], *_FORM)))[0])
    if len(shape(kernels)) != 2 or len(shape(scores)) != 2:
        raise NoMatch("its kernels and scores are not (N, D) and (N, C)")
    strides = _strides(graph)
    if sum(count for count, _ in strides) != shape(scores)[0]:
        raise NoMatch("it has not a limit of pixels for each candidate")
    factor, level = _stretching(graph)
    most = _tops(graph)
    params = {
        "score": threshold,
        "mask": _compared_after(graph, "sigmoid"),
        "strides": strides,
        "candidates": most[0],
        "objects": most[1],
        "sigma": _sigma(graph),
        "decayed": float(constant(operands(graph.only("greater_equal"))[1])),
        "factor": factor,
        "level": level,
    }
    outputs = {"scores": scores, "kernels": kernels, "features": operands(filters)[0]}
    return Cut({"network": Piece(outputs)}, params)


def _dynamic_convolution(graph: Graph) -> Op:
    """The convolution whose filters the network itself makes."""
    for op in graph.named("conv2d"):
        if kind(maker(back(operands(op)[1], *_FORM))) == "gather":
            return op
    raise NoMatch("it has no convolution with filters that it chose")


def _scores(graph: Graph) -> tuple[Value, float]:
    """Scores (N, C) that candidates are chosen from, and what they must pass."""
    for op in graph.named("nonzero"):
        chosen = maker(operands(op)[0])
        if kind(chosen) != "where":
            continue
        compared = maker(operands(chosen)[0])
        if kind(compared) == "greater_than":
            return operands(compared)[0], float(_number(operands(compared)[1]))
    raise NoMatch("it does not choose candidates by score")


def _first_of_list(value: Value) -> Value:
    """Before a filler was joined to it."""
    if kind(maker(value)) != "concat":
        return value
    return operands(maker(operands(maker(value))[0]))[0]


def _compared_after(graph: Graph, name: str) -> float:
    for op in graph.named("greater_than"):
        if kind(maker(operands(op)[0])) == name:
            return float(_number(operands(op)[1]))
    raise NoMatch(f"it compares no {name} with a level")


def _strides(graph: Graph) -> list[list[float]]:
    """How many pixels a mask must have more than: runs of (candidates, pixels)."""
    for op in graph.named("greater_than"):
        limits = maker(back(operands(op)[1], *_FORM))
        if kind(maker(operands(op)[0])) == "sum" and kind(limits) == "gather":
            return _runs(_first_of_list(operands(limits)[0]))
    raise NoMatch("it does not drop masks of few pixels")


def _runs(value: Value) -> list[list[float]]:
    made = maker(value)
    if kind(made) == "concat":
        return [run for item in operands(maker(operands(made)[0])) for run in _runs(item)]
    return [[shape(value)[0], float(_number(value))]]


def _tops(graph: Graph) -> tuple[int, int]:
    """Most candidates before the NMS, and most objects after it."""
    counts = [int(_number(operands(op)[1])) for op in graph.nested() if kind(op) == "topk"]
    if len(counts) != 2:
        raise NoMatch(f"it chooses the best {len(counts)} times, not twice")
    return counts[0], counts[1]


def _sigma(graph: Graph) -> float | None:
    """Of a Gaussian matrix NMS; None for a linear one."""
    found = graph.named("exp")
    if not found:
        return None
    scaled = maker(operands(found[0])[0])
    if kind(scaled) != "scale":
        raise NoMatch("its matrix NMS decays in another way")
    return -float(_number(operands(scaled)[1]))


def _stretching(graph: Graph) -> tuple[int, float]:
    """Factor from features to the network's input, and where a mask begins, as a probability."""
    found = [op for op in graph.named("bilinear_interp") if _past_nms(op)]
    if len(found) != 2:
        raise NoMatch(f"its masks are stretched {len(found)} times, not twice")
    for op in found:
        if op.attrs()["align_corners"] or op.attrs()["align_mode"] != 0:
            raise NoMatch("its masks are stretched with aligned corners")
    sizes = maker(operands(found[0])[2])
    factors = {_number(operands(maker(value))[1]) for value in _scaled(sizes)}
    if len(factors) != 1:
        raise NoMatch("its masks are not stretched by one factor")
    last = graph.named("greater_than")[-1]
    return int(factors.pop()), float(_number(operands(last)[1]))


def _scaled(sizes: Op) -> list[Value]:
    """The two sides of a size, each a multiple of one of the features' sides."""
    sides = [back(value, "cast", "reshape") for value in operands(sizes)] if sizes else []
    if len(sides) != 2 or any(kind(maker(value)) != "scale" for value in sides):
        raise NoMatch("its masks are not stretched by a factor")
    return sides


def _past_nms(op: Op) -> bool:
    """Whether it stretches chosen masks, not features."""
    value = back(operands(op)[0], *_FORM, "slice", "bilinear_interp")
    return kind(maker(value)) == "gather"


def _number(value: Value) -> float:
    held = constant(value)
    if held is None or isinstance(held, list):
        raise NoMatch("a number that it should hold depends on the image")
    return float(held)

"""What high-performance mode gained for a model, in words."""

from __future__ import annotations

from collections.abc import Sequence

import htpy as h
from markupsafe import Markup

from instseg_ui.hpi.record import REFERENCE
from instseg_ui.numbers import times
from instseg_ui.results import Prediction, Runtime
from instseg_ui.show.html import markup

BASIS = "the speed of normal mode here, on one photo"
NO_FASTER = "no faster engine here is proven equal to it"


def is_high_performance(runtime: Runtime) -> bool:
    """Whether high-performance mode ran, so that there is a gain to tell of."""
    return runtime.speedup is not None or bool(runtime.parity)


def engine_and_gain(runtime: Runtime) -> str:
    """`onnxruntime 6.2×`; the engine alone where nothing was gained."""
    if runtime.speedup is None or runtime.engine == REFERENCE:
        return runtime.engine
    return f"{runtime.engine} {times(runtime.speedup)}"


def gain_sentence(runtime: Runtime) -> str:
    """`6.2× Paddle's speed · equal to Paddle: 100/100 objects, ...`; empty in normal mode."""
    if not is_high_performance(runtime):
        return ""
    if runtime.engine == REFERENCE:
        return NO_FASTER
    gain = f"{times(runtime.speedup)} Paddle's speed" if runtime.speedup is not None else ""
    return " · ".join(filter(None, [gain, runtime.parity]))


def gains(predictions: Sequence[Prediction]) -> Markup:
    """How the engines of high-performance mode compare with Paddle, a line a model."""
    lines = [
        f"{one.model} on {one.runtime.engine}: {sentence}"
        for one in predictions
        if (sentence := gain_sentence(one.runtime))
    ]
    return markup(h.ul(".gains")[(h.li[line] for line in lines)] if lines else None)

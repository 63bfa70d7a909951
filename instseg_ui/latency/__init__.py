"""A model's latency on this machine: measured once, by one rule, and read from here everywhere.

    for step in measure(segmenter, ["demo-cats", "everyday-S"], image):
        print(step.stage, step.model)
    step.latencies["demo-cats"].median, step.latencies["demo-cats"].quartiles

`measure` runs the models in turn (A B C A B C) in loaded processes and keeps what it finds; `known`
reads what is kept. A single run's time is `Prediction.timings` and is no model's figure.
"""

from instseg_ui.latency.key import LatencyKey, size_class
from instseg_ui.latency.load import BUSY, others
from instseg_ui.latency.measure import LatencyProgress, keep, known, measure
from instseg_ui.latency.record import LEAST_RUNS, MEANING, Latency, Taken
from instseg_ui.latency.store import LatencyStore

__all__ = [
    "BUSY",
    "LEAST_RUNS",
    "MEANING",
    "Latency",
    "LatencyKey",
    "LatencyProgress",
    "LatencyStore",
    "Taken",
    "keep",
    "known",
    "measure",
    "others",
    "size_class",
]

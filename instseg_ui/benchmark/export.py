"""A run to take away: JSON with every sample, CSV with every figure."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from instseg_ui.benchmark.figures import (
    PERCENTILES,
    SampleSummary,
    cold,
    cost_per_1000,
    latency,
    stage,
    throughput,
)
from instseg_ui.benchmark.records import STAGES, BenchmarkRun, ModelRun, to_dict

_CONTEXT = (
    "made_utc",
    "cpu",
    "cores",
    "system",
    "device",
    "engine",
    "threads",
    "versions",
    "images",
    "image_size_px",
)
_FIGURES = ("model", "figure", "unit", "origin", "n", "value", "mean", "std_dev", "iqr")
_HEADS = (*_FIGURES, *(f"p{q}" for q in PERCENTILES), "min", "max", *_CONTEXT)

_Row = dict[str, Any]


def to_json(run: BenchmarkRun) -> bytes:
    """Everything, as UTF-8 JSON; what is kept on disk, and read back from there.

    `summary` holds the latency figures for a reader without this product; it is not read back.
    """
    summary = {
        one.model: asdict(figures) for one in run.measured if (figures := latency(one)) is not None
    }
    text = json.dumps(to_dict(run) | {"summary_ms": summary}, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace") + b"\n"


def to_csv(run: BenchmarkRun, price_per_hour: float | None = None) -> bytes:
    """One line a model and figure, the machine and settings on every line; UTF-8.

    `origin` is `measured` or `published`; a percentile that n does not support is empty.
    """
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, _HEADS, restval="", lineterminator="\n")
    writer.writeheader()
    for one in run.measured:
        about = _about(run, one)
        for row in _rows(one, price_per_hour):
            writer.writerow({name: _plain(value) for name, value in (about | row).items()})
    return buffer.getvalue().encode("utf-8", "backslashreplace")


def _about(run: BenchmarkRun, one: ModelRun) -> _Row:
    machine = run.machine
    versions = machine.versions | one.versions
    return {
        "model": one.model,
        "made_utc": f"{run.made:%Y-%m-%dT%H:%M:%SZ}",
        "cpu": machine.cpu,
        "cores": machine.cores,
        "system": machine.system,
        "device": one.device,
        "engine": one.engine,
        "threads": one.threads,
        "versions": " ".join(f"{name}={number}" for name, number in versions.items()),
        "images": len(run.images),
        "image_size_px": run.image_size,
    }


def _rows(one: ModelRun, price: float | None) -> Iterator[_Row]:
    yield _summed("latency", "ms", latency(one))
    for name in STAGES:
        yield _summed(name, "ms", stage(one, name))
    yield _summed("warm-up latency", "ms", SampleSummary.of(run.latency for run in one.warmup))
    yield _summed("cold start", "ms", cold(one))
    yield _summed("cold start: load", "ms", SampleSummary.of(start.load_ms for start in one.cold))
    yield _summed(
        "cold start: answer", "ms", SampleSummary.of(start.answer_ms for start in one.cold)
    )
    for level in one.levels:
        row = _single(f"throughput, callers {level.callers}", "images/s", level.images_per_s)
        yield row | {"n": len(level.walls)}
    if one.memory is not None:
        yield _single("resident memory", "MB", one.memory.resident_mb)
        yield _single("own memory", "MB", one.memory.own_mb)
        yield _single("peak memory", "MB", one.memory.peak_mb)
    yield _single("size on disk", "MB", one.size_mb)
    best = throughput(one)
    if price is not None and best is not None:
        cost = cost_per_1000(price, best.images_per_s)
        yield _single("cost of 1000 images", "currency of the price", cost)
    yield from _published(one)


def _published(one: ModelRun) -> Iterator[_Row]:
    for name, value in asdict(one.published).items():
        if value is not None:
            unit = {"mask_ap": "%", "storage_mb": "MB"}.get(name, "ms")
            yield {"figure": name, "unit": unit, "origin": "published", "value": value}


def _single(figure: str, unit: str, value: float | None) -> _Row:
    return {"figure": figure, "unit": unit, "origin": "measured", "n": 1, "value": value}


def _summed(figure: str, unit: str, summary: SampleSummary | None) -> _Row:
    row: _Row = {"figure": figure, "unit": unit, "origin": "measured", "n": 0}
    if summary is None:
        return row
    return row | {
        "n": summary.n,
        "value": summary.median,
        "mean": summary.mean,
        "std_dev": summary.deviation,
        "iqr": summary.iqr,
        "min": summary.least,
        "max": summary.most,
        **{f"p{q}": value for q, value in summary.percentiles.items()},
    }


def _plain(value: object) -> object:
    """Numbers at six digits; a text that a spreadsheet would calculate is quoted."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return "" if value is None else value

"""Runs built by hand, with known figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from instseg_ui.benchmark import (
    BenchmarkRun,
    ColdStart,
    ConcurrencyLevel,
    Memory,
    ModelRun,
    Request,
    Sample,
)
from instseg_ui.benchmark.records import ImageFacts, Machine
from instseg_ui.catalog import Basis, Published

EVIL = '<script>alert("x")</script>'
BASIS = Basis("PaddleX", "a page", "a machine", "as it is", "the fastest")


def sample(inference: float, image: int = 0, **stages: float) -> Sample:
    """One run whose stages are 1 ms each, but the inference."""
    times = dict.fromkeys(("decode", "preprocess", "postprocess", "transfer", "encode"), 1.0)
    times |= stages
    return Sample(image, wall=sum(times.values()) + inference + 1, inference=inference, **times)


def model_run(name: str, inference: Sequence[float], **changes: Any) -> ModelRun:
    samples = tuple(sample(value) for value in inference)
    walls = tuple(one.wall for one in samples)
    run = ModelRun(
        name,
        "done",
        engine="fake",
        device="cpu",
        threads=2,
        versions={"opencv": "4"},
        size_mb=12.0,
        published=Published(mask_ap=40.0, cpu_normal_ms=500.0),
        cold=(ColdStart(100.0, 20.0, 150.0),),
        warmup=(sample(50.0),),
        samples=samples,
        levels=(ConcurrencyLevel(1, sum(walls), walls), ConcurrencyLevel(2, sum(walls) / 2, walls)),
        memory=Memory(300.0, 200.0, 400.0),
    )
    return replace(run, **changes)


def made_run(*models: ModelRun, **changes: Any) -> BenchmarkRun:
    run = BenchmarkRun(
        made=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        request=Request(tuple(one.model for one in models) or ("A",), concurrency=(1, 2)),
        machine=Machine(
            "AMD EPYC", 2, 8000.0, "Linux x86_64", "cpu", 2, versions={"python": "3.11"}
        ),
        images=(ImageFacts("a.png", 80, 60, 1000, "d1"),),
        models=models,
        state="done",
        basis=BASIS,
    )
    return replace(run, **changes)

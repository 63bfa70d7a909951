"""What the service counts, for Prometheus; a registry of its own for each application."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import psutil
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily

from instseg_ui.results import STAGES
from instseg_ui.segmenter import Segmenter

# From a cached answer to a minute of a large model on a CPU, seconds.
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 180.0)


class Metrics:
    """Counters of one application. Safe to use from many threads."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "instseg_requests",
            "Requests by address, method and HTTP status.",
            ["path", "method", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "instseg_request_seconds",
            "From a request's first byte to its answer's last.",
            ["path"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._stages = Histogram(
            "instseg_stage_seconds",
            f"Where a request's time went: read (base64 or fetch), queue, {', '.join(STAGES)}, "
            "encode. A kept prediction runs no model.",
            ["model", "stage"],
            buckets=_BUCKETS,
            registry=self._registry,
        )

    def watch(self, segmenter: Segmenter, requests: Mapping[str, Callable[[], int]]) -> None:
        """Report the models in memory and the requests by state, as they are when asked."""
        self._registry.register(_Live(segmenter, requests))

    def request(self, path: str, method: str, status: int, seconds: float) -> None:
        """Count one request. `path` and `method` come from a short list, not from the caller."""
        self._requests.labels(path, method, str(status)).inc()
        self._seconds.labels(path).observe(seconds)

    def stages(self, model: str, seconds: Mapping[str, float]) -> None:
        """Add one image's times by stage."""
        for stage, value in seconds.items():
            self._stages.labels(model, stage).observe(value)

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self._registry)


class _Live:
    """Gauges that are read when they are asked for."""

    def __init__(self, segmenter: Segmenter, requests: Mapping[str, Callable[[], int]]) -> None:
        self._segmenter = segmenter
        self._counts = requests

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for name, count in self._counts.items():
            yield GaugeMetricFamily(f"instseg_requests_{name}", f"Requests {name} now.", count())
        yield from self._models()
        rss = psutil.Process().memory_info().rss
        yield GaugeMetricFamily(
            "instseg_process_memory_bytes", "Resident memory of this process.", rss
        )

    def _models(self) -> Iterator[GaugeMetricFamily]:
        loaded = self._segmenter.loaded()
        yield GaugeMetricFamily("instseg_models_loaded", "Models in memory.", len(loaded))
        memory = GaugeMetricFamily(
            "instseg_model_memory_bytes",
            "What a loaded model's process takes for itself.",
            labels=["model"],
        )
        for name, resident in loaded.items():
            memory.add_metric([name], resident.memory_mb * 1e6)
        yield memory

"""What stands with every figure: machine, engine, threads, versions, images, n."""

from __future__ import annotations

from collections.abc import Sequence

from instseg_ui.benchmark.records import BenchmarkRun
from instseg_ui.latency import BUSY
from instseg_ui.numbers import plural, three

ANSWERS = {
    "json": "the JSON answer with run-length masks",
    "overlay": "the photo with its masks drawn, as a JPEG file",
}


def context(run: BenchmarkRun) -> tuple[tuple[str, str], ...]:
    """What stands with every figure: machine, engine, threads, versions, images, n."""
    machine, request = run.machine, run.request
    engines = dict.fromkeys(one.engine for one in run.measured)
    gigabytes = three(machine.memory_mb / 1e3)
    rows = [
        (
            "Measured on",
            f"{machine.cpu}, {plural(machine.cores, 'core')}, {gigabytes} GB, {machine.system}",
        ),
        ("Engine", f"{', '.join(engines) or 'none'} on {machine.device.upper()}"),
        ("Threads", _threads(run)),
        ("Load before", _load(run)),
        ("Versions", _versions(run)),
        ("Images", _images(run)),
        ("Runs", _runs(run)),
        ("Encode", f"makes {ANSWERS[request.answer]}"),
        ("Made", f"{run.made:%Y-%m-%d %H:%M:%S} UTC{_state(run)}"),
    ]
    if run.basis is not None:
        published = f"{run.basis.publisher}, on {run.basis.hardware}"
        rows.append(("Published figures", published))
    return tuple(rows)


def in_short(run: BenchmarkRun) -> str:
    """The context as one line, to stand under a table or chart."""
    machine = run.machine
    engines = dict.fromkeys(one.engine for one in run.measured)
    return (
        f"{machine.cpu}, {machine.device.upper()}, {plural(machine.threads, 'thread')}, "
        f"{', '.join(engines) or 'no engine'}, {_images(run)}, {_runs(run)}"
    )


def busy(run: BenchmarkRun) -> str:
    """That the machine had other work, as a sentence; empty where it had none."""
    load, cores = run.machine.load or 0.0, run.machine.cores
    if load <= BUSY * cores:
        return ""
    on = f"load {three(load)} on {plural(cores, 'core')}"
    return f"The machine had other work in the minute before ({on}): measure on a quiet one."


def failures(run: BenchmarkRun) -> tuple[tuple[str, str], ...]:
    """Each model that has no or not all of its figures, and why."""
    words = {
        "waiting": "Stopped before it ran.",
        "running": "It was being measured when this was written.",
    }
    found = []
    for one in run.models:
        if one.state == "stopped":
            found.append((one.model, f"Stopped after {plural(len(one.samples), 'counted run')}."))
        elif one.state != "done":
            found.append((one.model, one.failure or words.get(one.state, "")))
    return tuple(found)


def _threads(run: BenchmarkRun) -> str:
    workers = run.machine.workers
    return f"{run.machine.threads}{f' for {workers} workers' if workers > 1 else ''}"


def _load(run: BenchmarkRun) -> str:
    load = run.machine.load
    if load is None:
        return "unknown"
    return f"{three(load)} on {plural(run.machine.cores, 'core')}"


def _versions(run: BenchmarkRun) -> str:
    found = dict(run.machine.versions)
    for one in run.models:
        found |= one.versions
    return ", ".join(f"{name} {number}" for name, number in found.items())


def _images(run: BenchmarkRun) -> str:
    size = run.image_size.replace("x", " × ")
    words = plural(len(run.images), "image")
    if size == "mixed":
        shown = dict.fromkeys(f"{one.width} × {one.height}" for one in run.images)
        return f"{words} of {len(shown)} sizes, {_first(list(shown))} px"
    return f"{words} of {size} px"


def _first(words: Sequence[str]) -> str:
    return ", ".join(words[:3]) + (", …" if len(words) > 3 else "")


def _runs(run: BenchmarkRun) -> str:
    request = run.request
    counts = sorted({len(one.samples) for one in run.measured})
    n = "0" if not counts else "—".join(str(c) for c in dict.fromkeys((counts[0], counts[-1])))
    return (
        f"n = {n} a model after {plural(request.warmup, 'warm-up run')}, "
        f"{plural(request.cold_starts, 'cold start')}"
    )


def _state(run: BenchmarkRun) -> str:
    return {"done": "", "stopped": ", stopped before its end", "running": ", not finished"}[
        run.state
    ]

"""A latency with its spread and what it stands on: the same words at every door."""

from __future__ import annotations

from collections.abc import Iterable

from instseg_ui.latency import LEAST_RUNS, MEANING, Latency
from instseg_ui.numbers import NONE, milliseconds, plural, three
from instseg_ui.show.tables import Cell

NOT_MEASURED = "The latency was not measured here yet."
_BUSY = "machine busy"


def latency_figure(found: Latency | None) -> str:
    """The median with its unit; a dash for none."""
    return NONE if found is None else milliseconds(found.median)


def latency_note(found: Latency | None) -> str:
    """How many runs it is of: `median of 5`, `2 of 5 runs`; and that the machine was busy."""
    if found is None:
        return "not measured yet"
    note = f"median of {found.n}" if found.enough else f"{found.n} of {LEAST_RUNS} runs"
    return f"{note}, {_BUSY}" if found.busy else note


def latency_cell(found: Latency | None) -> Cell:
    """The median, ms, and below it the middle half or how many runs there are."""
    if found is None:
        return Cell(NONE, NOT_MEASURED)
    return Cell(three(found.median), below=_below(found))


def latency_words(found: Latency | None) -> str:
    """`118 ms, middle half 112 to 121 ms, n = 5`, and that the machine was busy."""
    if found is None:
        return "not measured yet"
    parts = [milliseconds(found.median)]
    if found.quartiles is not None:
        low, high = found.quartiles
        parts.append(f"middle half {three(low)} to {three(high)} ms")
    parts.append(f"n = {found.n}" if found.enough else f"n = {found.n} of {LEAST_RUNS}")
    return ", ".join([*parts, *filter(None, [busy_words(found)])])


def latency_basis(found: Latency) -> str:
    """What the figure stands on: size, engine, threads, date, and who took turns."""
    ran = f"{found.engine} on {found.device.upper()}, {plural(found.threads, 'thread')}"
    others = [name for name in found.beside if name != found.model]
    parts = [
        f"{found.width} × {found.height} px",
        ran,
        f"{found.measured:%Y-%m-%d %H:%M} UTC",
        f"in turn with {', '.join(others)}" if others else "alone",
    ]
    return ", ".join([*parts, *filter(None, [busy_words(found)])])


def busy_words(found: Latency) -> str:
    """That other work held the machine; empty where none did."""
    if not found.busy:
        return ""
    return f"on a busy machine (other work on {three(found.others)} of {found.cores} cores)"


def latency_notes(found: Iterable[Latency]) -> tuple[str, ...]:
    """What stands under latencies: what is contained, where, when, and what is unsure."""
    every = list(found)
    if not every:
        return ()
    days = sorted({f"{one.measured:%Y-%m-%d}" for one in every})
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    sizes = dict.fromkeys(f"{one.width} × {one.height}" for one in every)
    runs = dict.fromkeys(
        f"{one.engine} on {one.device.upper()}, {plural(one.threads, 'thread')}" for one in every
    )
    told = [f"{MEANING} Median of warm runs on {', '.join(sizes)} px, {'; '.join(runs)}, {when}."]
    if len({one.session for one in every}) > 1:
        told.append("Not all were measured together: measure again to compare small gaps.")
    busy = [one.model for one in every if one.busy]
    if busy:
        told.append(f"Other work held the machine while {', '.join(busy)} ran: measure again.")
    few = [one.model for one in every if not one.enough]
    if few:
        told.append(f"Fewer than {LEAST_RUNS} runs of {', '.join(few)}: no figure yet.")
    return tuple(told)


def again_words(found: Iterable[Latency]) -> str:
    """How measuring again ended."""
    every = list(found)
    few = [one.model for one in every if not one.enough]
    if not every or few:
        names = f" of {', '.join(few)}" if few else ""
        return f"Stopped before {LEAST_RUNS} runs{names}: what was known before stays."
    if any(one.busy for one in every):
        return "Measured again, on a busy machine. Measure once more when it is quiet."
    return "Latency measured again."


def _below(found: Latency) -> str:
    busy = f", {_BUSY}" if found.busy else ""
    if found.quartiles is None:
        return f"n = {found.n} of {LEAST_RUNS}{busy}"
    low, high = found.quartiles
    return f"{three(low)} to {three(high)}, n = {found.n}{busy}"

"""Words beside a latency: how many runs, how busy the machine was, how measuring again ended."""

from __future__ import annotations

from instseg_ui.show.latency import again_words, latency_cell, latency_note
from instseg_ui.ui.shared.latencies import renewed
from tests.unit.latency.kit import around, latency_of

QUIET, BUSY = around("A", 60), around("B", 70, others=1.9)
FEW = latency_of("A", [9.0, 9.5])


def test_a_figure_says_how_many_runs_it_is_of_and_that_the_machine_was_busy() -> None:
    assert latency_note(QUIET) == "median of 5"
    assert latency_note(BUSY) == "median of 5, machine busy"
    assert latency_note(FEW) == "2 of 5 runs"
    assert latency_note(None) == "not measured yet"
    assert latency_cell(BUSY).below.endswith("n = 5, machine busy")
    assert latency_cell(FEW).below == "n = 2 of 5"


def test_how_measuring_again_ended_is_said() -> None:
    assert again_words([QUIET]) == "Latency measured again."
    assert again_words([QUIET, BUSY]).startswith("Measured again, on a busy machine")
    assert again_words([FEW]) == "Stopped before 5 runs of A: what was known before stays."
    assert again_words([]) == "Stopped before 5 runs: what was known before stays."


def test_new_runs_take_the_place_of_a_figure_only_where_they_make_one() -> None:
    anew = around("A", 50)
    assert renewed({"A": QUIET}, {"A": anew}) == {"A": anew}
    assert renewed({"A": QUIET, "B": BUSY}, {"A": FEW}) == {"A": QUIET, "B": BUSY}
    assert renewed({}, {"A": FEW}) == {"A": FEW}
    assert renewed({"A": QUIET}, {}) == {"A": QUIET}

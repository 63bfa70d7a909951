"""What a visitor has done: newest first, bounded, theirs alone."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from instseg_ui.ui import earlier
from instseg_ui.ui.shared import history
from instseg_ui.ui.shared.visits import Visits

ME, YOU = "a" * 40, "b" * 40


@pytest.fixture
def visits(tmp_path: Path) -> Visits:
    return Visits(tmp_path, keep_s=3600)


def test_the_newest_stands_first_and_each_address_once(visits: Visits) -> None:
    history.note(visits, ME, "compare", "one, two on a.jpg", "?tab=compare&photo=a.jpg")
    history.note(visits, ME, "judge", "1 answer", "?tab=judge")
    history.note(visits, ME, "judge", "2 answers", "?tab=judge")
    found = history.listed(visits, ME)
    assert [(one.kind, one.text) for one in found] == [
        ("judge", "2 answers"),
        ("compare", "one, two on a.jpg"),
    ]
    assert history.listed(visits, YOU) == []
    visits.forget(ME)
    assert history.listed(visits, ME) == []


def test_it_has_a_bound_and_whoever_has_no_name_has_none(visits: Visits) -> None:
    for number in range(history.MOST + 5):
        history.note(visits, ME, "benchmark", "x" * 1000, f"?run={number}")
        history.note(visits, "a window", "benchmark", "x", f"?run={number}")
    found = history.listed(visits, ME)
    assert len(found) == history.MOST
    assert found[0].query == f"?run={history.MOST + 4}"
    assert max(len(one.text) for one in found) == 300
    assert history.listed(visits, "a window") == []


def test_work_that_ends_at_once_is_all_there(visits: Visits) -> None:
    ends = [
        threading.Thread(target=history.note, args=[visits, ME, "compare", "", f"?{n}"])
        for n in range(8)
    ]
    for one in ends:
        one.start()
    for one in ends:
        one.join()
    assert {one.query for one in history.listed(visits, ME)} == {f"?{n}" for n in range(8)}


@pytest.mark.parametrize(
    "entry",
    [
        None,
        {},
        {"kind": "format", "text": "", "query": "?", "at": 0},
        {"kind": "judge", "text": "", "query": "javascript:alert()", "at": 0},
        {"kind": "judge", "text": 7, "query": "?", "at": 0},
        {"kind": "judge", "text": "", "query": "?", "at": "now"},
    ],
)
def test_what_is_no_entry_is_passed_over(visits: Visits, entry: object) -> None:
    good = {"kind": "judge", "text": "3 answers", "query": "?tab=judge", "at": 5}
    visits.keep(ME, "history", {"entries": [entry, good]})
    assert [one.text for one in history.listed(visits, ME)] == ["3 answers"]


def test_the_list_is_links_with_their_age() -> None:
    done = history.Done("compare", "one on <b>.jpg", "?tab=compare&photo=%3Cb%3E.jpg", 1000.0)
    shown = earlier.list_html([done], opened=True, now=1000.0 + 3 * 3600)
    assert '<a href="?tab=compare&amp;photo=%3Cb%3E.jpg"><b>Compare</b>' in shown
    assert "one on &lt;b&gt;.jpg" in shown
    assert "3 h ago" in shown
    assert "<details open>" in shown
    assert "listed here" in earlier.list_html([], opened=False)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "just now"),
        (59, "just now"),
        (60, "1 min ago"),
        (3599, "59 min ago"),
        (7300, "2 h ago"),
        (86_400, "1 day ago"),
        (200_000, "2 days ago"),
    ],
)
def test_ages(seconds: float, text: str) -> None:
    assert earlier.ago(seconds) == text

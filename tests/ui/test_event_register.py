"""Every event of the page is named with what it does to the machine that others use too."""

from __future__ import annotations

import pytest

from instseg_ui.ui import event_register

TABLES = (
    frozenset(event_register.CHANGES),
    frozenset(event_register.LEAVES),
    event_register.VISITORS,
)


@pytest.fixture
def names(built_page):
    return {event_register.name_of(event.fn) for event in built_page.fns.values() if event.fn}


def test_every_event_is_in_one_table(names):
    named = frozenset.union(*TABLES)
    assert names - named == set(), "say in `ui/event_register.py` what these do to the machine"
    assert named - names == set(), "these are no events any more"
    assert sum(map(len, TABLES)) == len(named)


def test_what_changes_the_machine_is_named(names):
    words = ("fetch", "remove", "unload", "verify", "convert", "prepare", ".act")
    suspects = {name for name in names if any(word in name.rpartition(".")[2] for word in words)}
    assert suspects <= set(event_register.CHANGES)

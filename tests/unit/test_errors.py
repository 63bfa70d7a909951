"""The error tree: one sentence each, whole after crossing to another process."""

from __future__ import annotations

import copy
import pickle
import re

import pytest

from instseg_ui import errors
from instseg_ui.errors import InstSegError, UnknownModelError


def tree(kind: type[InstSegError] = InstSegError) -> list[type[InstSegError]]:
    children = [child for child in kind.__subclasses__() if child.__module__ == errors.__name__]
    return [kind, *(member for child in children for member in tree(child))]


def made(kind: type[InstSegError]) -> InstSegError:
    if kind is UnknownModelError:
        return UnknownModelError("SOLOv3", ["SOLOv2", "Mask-RT-DETR-S"])
    return kind("It failed. Try again.")


@pytest.mark.parametrize("kind", tree(), ids=lambda kind: kind.__name__)
def test_an_error_survives_the_way_between_processes(kind: type[InstSegError]) -> None:
    error = made(kind)
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(twin) is kind
        assert str(twin) == str(error)
        assert twin.status == error.status


def test_the_drawn_tree_is_the_real_one() -> None:
    drawn = dict(re.findall(r"([A-Z]\w+) +(\d{3}) ", errors.__doc__ or ""))
    real = {kind.__name__: str(kind.status) for kind in tree() if kind is not InstSegError}
    assert drawn == real


def test_an_unknown_model_lists_the_close_matches() -> None:
    message = str(
        UnknownModelError("Mask-RT-DETR-s", ["Mask-RT-DETR-S", "Mask-RT-DETR-L", "SOLOv2"])
    )
    assert message == (
        "There is no model named “Mask-RT-DETR-s”. "
        "Did you mean “Mask-RT-DETR-S” or “Mask-RT-DETR-L”?"
    )


def test_one_close_match_stands_alone() -> None:
    assert "Did you mean “SOLOv2”?" in str(UnknownModelError("SOLO", ["SOLOv2", "Cascade"]))


def test_without_a_close_match_all_models_are_listed() -> None:
    assert "Known models: SOLOv2, Cascade." in str(UnknownModelError("xyz", ["SOLOv2", "Cascade"]))


def test_the_known_models_may_be_a_generator() -> None:
    assert "Known models: a, b." in str(UnknownModelError("zzz", (name for name in "ab")))


@pytest.mark.parametrize("name", [None, 5, "", "x" * 10_000, {"a": 1}])
def test_a_name_of_any_kind_makes_a_short_sentence(name: object) -> None:
    assert len(str(UnknownModelError(name, ["SOLOv2"]))) < 200

"""The error tree: one sentence each, whole after crossing to another process."""

from __future__ import annotations

import ast
import copy
import pickle
import re
from pathlib import Path

import pytest

from instseg_ui import errors
from instseg_ui.errors import InstSegError, UnknownModelError, system_said

PACKAGE = Path(errors.__file__).parent
# Read by whoever runs the server alone; `pipeline` is Python's own door.
FOR_OPERATORS = ("cli/", "doctor/", "pipeline/", "settings.py", "variables.py", "api/request.py")
# Calls whose positional arguments are sentences.
SAYING = ("Error", "Crashed", "Timeout", "Info", "Warning", "p", "failure", "ArchiveOffer")


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


@pytest.mark.parametrize("kind", tree(), ids=lambda kind: kind.__name__)
def test_the_remedy_stands_apart_and_goes_along(kind: type[InstSegError]) -> None:
    """It is in no sentence, but in the traceback and what operators read."""
    if kind is UnknownModelError:
        error: InstSegError = UnknownModelError("SOLO", ["SOLOv2"], "Unset it.")
    else:
        error = kind("It failed.", remedy="Unset it.")
    for twin in (error, pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert "Unset it" not in str(twin)
        assert twin.with_remedy == f"{error} Unset it."
        assert twin.__notes__ == ["Unset it."]
    assert made(kind).with_remedy == str(made(kind))


def test_what_the_system_said_is_a_remedy() -> None:
    assert system_said(PermissionError(13, "Permission denied")) == (
        "The system says: Permission denied."
    )
    assert system_said(OSError()) == "The system says: OSError."


def test_no_sentence_names_a_setting_or_what_the_system_said() -> None:
    """A visitor can set neither: a setting's name belongs into `remedy`, or into an operator's
    part of the product.
    """
    found = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}: {ast.unparse(node)[:120]}"
        for path in PACKAGE.rglob("*.py")
        if not path.relative_to(PACKAGE).as_posix().startswith(FOR_OPERATORS)
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and _name(call).endswith(SAYING)
        for node in call.args
        if re.search(r"INSTSEG_|PADDLE_PDX|strerror|errno", ast.unparse(node))
    ]
    assert not found, "\n".join(found)


def _name(call: ast.Call) -> str:
    return ast.unparse(call.func).rpartition(".")[2]


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

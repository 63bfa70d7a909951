"""What is a model folder, and what is said of one that is not."""

from __future__ import annotations

import errno
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from instseg_ui.errors import ModelFolderError
from instseg_ui.weights import inspect_folder
from tests.unit.weights.kit import FILES, NAME, NAMES, fail_with, make_folder


def test_facts_of_a_whole_folder(tmp_path: Path) -> None:
    facts = inspect_folder(make_folder(tmp_path / "m"), NAMES)
    assert (facts.model_name, facts.labels) == (NAME, ("cat", "no", "dog"))
    assert (facts.format, facts.draw_threshold) == ("json", 0.4)
    assert facts.size_bytes == sum(map(len, FILES.values()))
    assert pickle.loads(pickle.dumps(facts)) == facts


def test_older_graph_format_is_accepted(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m", json=None)
    (folder / "inference.pdmodel").write_bytes(b"graph")
    assert inspect_folder(folder, NAMES).format == "pdmodel"


@pytest.mark.parametrize("said", ["", "draw_threshold: much\n", "draw_threshold: nan\n"])
def test_threshold_falls_back_to_one_half(tmp_path: Path, said: str) -> None:
    config = f"Global: {{model_name: {NAME}}}\nlabel_list: [a]\n{said}"
    facts = inspect_folder(make_folder(tmp_path / "m", yml=config.encode()), NAMES)
    assert facts.draw_threshold == 0.5


def test_fingerprint_follows_the_files_of_the_model_only(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m")
    before = inspect_folder(folder, NAMES).fingerprint
    (folder / "notes.txt").write_text("mine")
    assert inspect_folder(folder, NAMES).fingerprint == before
    os.utime(folder / "inference.pdiparams", ns=(0, 1))
    assert inspect_folder(folder, NAMES).fingerprint != before


def test_weights_are_hashed_once_and_only_when_asked(tmp_path: Path) -> None:
    facts = inspect_folder(make_folder(tmp_path / "m", pdiparams=b"abc"), NAMES)
    assert "weights_sha256" not in vars(facts)
    assert facts.weights_sha256.startswith("ba7816bf")
    shutil.rmtree(facts.path)
    assert facts.weights_sha256.startswith("ba7816bf")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"yml": None}, r"has no inference\.yml"),
        ({"yml": b""}, r"holds an empty inference\.yml"),
        ({"yml": b"a: [1"}, "not readable as YAML"),
        ({"yml": b"\xff\xfe\xfa"}, "not readable as YAML"),
        ({"yml": b"[" * 10000}, "not readable as YAML"),
        ({"yml": b"- a"}, "not a mapping"),
        ({"yml": b"a: " + b"x" * 2_000_001}, "more than 2 MB"),
        ({"json": None}, r"neither inference\.json nor inference\.pdmodel"),
        ({"json": b""}, r"holds an empty inference\.json"),
        ({"pdiparams": None}, r"has no inference\.pdiparams"),
        ({"pdiparams": b""}, r"holds an empty inference\.pdiparams"),
        ({"yml": b"label_list: [a]"}, "names no model"),
        (
            {"yml": b"Global: {model_name: PP-OCRv5}\nlabel_list: [a]"},
            "“PP-OCRv5”.*not an instance",
        ),
        ({"yml": b"Global: {model_name: SOLOv2}"}, "lists no labels"),
        ({"yml": b"Global: {model_name: SOLOv2}\nlabel_list: []"}, "lists no labels"),
        ({"yml": b"Global: {model_name: SOLOv2}\nlabel_list: {a: 1}"}, "lists no labels"),
    ],
)
def test_a_folder_that_is_not_whole_says_why(
    tmp_path: Path, changes: dict[str, bytes | None], said: str
) -> None:
    folder = make_folder(tmp_path / "my-model", **changes)
    with pytest.raises(ModelFolderError, match=f"“my-model” .*{said}") as caught:
        inspect_folder(folder, NAMES)
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize("make", [lambda p: None, lambda p: p.write_text("a file")])
def test_what_is_no_folder_is_said_to_be_missing(
    tmp_path: Path, make: Callable[[Path], object]
) -> None:
    make(tmp_path / "gone")
    with pytest.raises(ModelFolderError, match="“gone” does not exist"):
        inspect_folder(tmp_path / "gone", NAMES)


def test_a_folder_that_may_not_be_read_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "read_bytes", fail_with(errno.EACCES))
    with pytest.raises(ModelFolderError, match=r"cannot be read;") as caught:
        inspect_folder(make_folder(tmp_path / "m"), NAMES)
    assert caught.value.remedy == "The system says: Permission denied."

"""Answers on disk: nothing is lost, whatever happens to the process or the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from instseg_ui.errors import BusyError, InputError
from instseg_ui.judge.answer_file import AnswerFile
from instseg_ui.judge.answers import JudgeAnswer, read_answer


def read(value: object) -> JudgeAnswer:
    return read_answer(value, {"1-1": 2, "1-2": 1}, {"a.jpg": (8, 6)})


def opened(path: Path, digest: str = "d") -> AnswerFile:
    return AnswerFile(path, digest, read)


FIRST = JudgeAnswer("right", "1-1", outline=2)
SECOND = JudgeAnswer("nothing", "1-2", chance=0.5, left=2)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of two answers."""
    path = tmp_path / "new" / "answers.jsonl"
    with opened(path) as file:
        file.add(FIRST)
        file.add(SECOND)
    return path


def test_answers_are_there_again(path: Path) -> None:
    with opened(path) as file:
        assert list(file) == [FIRST, SECOND]


def test_taking_back_is_written_down_too(path: Path) -> None:
    with opened(path) as file:
        assert file.undo() == SECOND
        file.add(SECOND)
        assert file.undo() == SECOND
    with opened(path) as file:
        assert list(file) == [FIRST]
        assert file.undo() == FIRST
        assert file.undo() is None
    assert len(path.read_text().splitlines()) == 1 + 2 + 1 + 1 + 1 + 1


def test_each_answer_is_on_the_disk_before_the_next(path: Path) -> None:
    with opened(path) as file:
        file.add(FIRST)
        last = json.loads(path.read_text().splitlines()[-1])
        assert {key: last[key] for key in ("answer", "question", "outline")} == {
            "answer": "right",
            "question": "1-1",
            "outline": 2,
        }
        assert last["at"].endswith("+00:00")


def test_a_line_that_was_cut_off_is_dropped(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[:-7])
    with opened(path) as file:
        assert list(file) == [FIRST]
        file.add(SECOND)
    with opened(path) as file:
        assert list(file) == [FIRST, SECOND]
        assert file.passed_over == 0


def test_a_line_that_is_no_answer_does_not_end_the_others(path: Path) -> None:
    head, first, second = path.read_text().splitlines(keepends=True)
    broken = ["\n", "[[[\n", '{"answer": "right", "question": "7-7", "outline": 1}\n', "5\n"]
    path.write_text("".join([head, first, *broken, second]))
    with opened(path) as file:
        assert list(file) == [FIRST, SECOND]
        assert file.passed_over == 4


def test_answers_of_something_else_stay_as_they_are(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(InputError, match="other photos"):
        opened(path, "other")
    path.with_name("x.jsonl").write_text('{"some": "thing"}\n')
    with pytest.raises(InputError, match="no file of answers"):
        opened(path.with_name("x.jsonl"))
    assert path.read_bytes() == before
    opened(path).close()


def test_one_at_a_time(path: Path) -> None:
    with opened(path), pytest.raises(BusyError, match="open in another place"):
        opened(path)


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="could not be written"):
        opened(tmp_path / "file" / "answers.jsonl")

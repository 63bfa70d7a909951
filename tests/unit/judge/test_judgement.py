"""Questions and answers, from the first one to the verdict, over restarts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from instseg_ui.errors import InputError
from instseg_ui.judge import Judgement
from instseg_ui.judge.assessment import Assessment
from instseg_ui.show.judgement import assessment_table, progress_words
from tests.unit.judge.factories import (
    HEIGHT,
    LEFT,
    WIDTH,
    answer_truly,
    candidates,
    good_and_bad,
    judgement_of,
    mark,
    photo,
)


@pytest.fixture
def judgement(tmp_path: Path) -> Iterator[Judgement]:
    with judgement_of(good_and_bad(12), tmp_path) as judgement:
        yield judgement


def test_a_question_shows_what_may_be_right(judgement: Judgement) -> None:
    (question,) = judgement.questions()
    value = question.to_dict()
    assert value["question"] == question.name
    assert value["photo"].endswith(".jpg")
    x0, y0, x1, y1 = value["crop"]
    assert 0 <= x0 < x1 <= WIDTH
    assert 0 <= y0 < y1 <= HEIGHT
    assert value["outlines"][0]["label"] == "cat"
    assert set(value["outlines"][0]["models"]) <= {"a", "b"}
    assert 0 < value["chance"] <= 1
    assert value["left"] == 36


def test_asking_again_changes_nothing_and_the_next_ones_are_there_already(
    judgement: Judgement,
) -> None:
    three = [one.name for one in judgement.questions(3)]
    assert len(set(three)) == 3
    assert [one.name for one in judgement.questions(2)] == three[:2]
    judgement.answer({"question": three[0], "answer": "nothing"})
    assert [one.name for one in judgement.questions(2)] == three[1:]


def test_the_better_model_is_named(judgement: Judgement) -> None:
    assessment = judgement.assessment()
    assert assessment.decision == "ask on"
    answer_truly(judgement, 36)
    assessment = judgement.assessment()
    assert (assessment.decision, assessment.leader, assessment.left) == ("sure", "a", 0)
    assert assessment.sentence.startswith("Stop: a is the best with ")
    a, b = assessment.models
    assert a.f1_here.estimate > 0.95
    assert b.recall.estimate < 0.6
    assert a.unbiased is not None
    assert a.unbiased.estimate == pytest.approx(1)
    assert judgement.questions() == []


def test_a_restart_goes_on_where_it_was(tmp_path: Path) -> None:
    found = good_and_bad(12)
    with judgement_of(found, tmp_path) as judgement:
        answer_truly(judgement, 9)
        before, asked = judgement.assessment(), judgement.questions()[0]
    with judgement_of(found, tmp_path) as judgement:
        again = judgement.assessment()
        same = judgement.questions()[0]
        assert (same.name, same.left) == (asked.name, asked.left)
        assert same.chance == pytest.approx(asked.chance, rel=1e-3)
        judgement.answer({"question": asked.name, "answer": "none"})
        assert judgement.answers[-1].chance == pytest.approx(asked.chance, rel=1e-3)
    assert again.certainty == pytest.approx(before.certainty, abs=0.01)
    assert again.answered == 9


def test_undo_asks_the_same_again(judgement: Judgement) -> None:
    first = judgement.questions()[0]
    judgement.answer({"question": first.name, "answer": "right", "outline": 1})
    undone = judgement.undo()
    assert undone is not None
    assert undone.question == first.name
    assert judgement.questions()[0].to_dict() == first.to_dict()
    assert judgement.assessment().answered == 0
    assert judgement.undo() is None


def test_a_second_answer_about_an_object_replaces_the_first(judgement: Judgement) -> None:
    first = judgement.questions()[0]
    judgement.answer({"question": first.name, "answer": "nothing"})
    judgement.answer({"question": first.name, "answer": "none"})
    assert judgement.assessment().answered == 1
    assert judgement.answers[-1].chance == pytest.approx(first.chance)
    judgement.undo()
    known, _ = judgement.known()
    assert known.outcomes.tolist() == [-2]


def test_skipped_and_missed_and_complete_are_counted(judgement: Judgement) -> None:
    first = judgement.questions()[0]
    judgement.answer({"question": first.name, "answer": "skip"})
    judgement.answer({"answer": "missed", "photo": "3.jpg", "x": 70, "y": 50})
    judgement.answer({"answer": "complete", "photo": "3.jpg"})
    assessment = judgement.assessment()
    assert (assessment.skipped, assessment.missed, assessment.complete, assessment.left) == (
        1,
        1,
        1,
        35,
    )
    assert "1 missed object marked, 1 of 12 photos looked through" in assessment.sentence
    assert first.name not in {one.name for one in judgement.questions(20)}


def test_nobody_says_how_likely_a_question_was(judgement: Judgement) -> None:
    name = judgement.candidates.objects[-1].name
    asked = {one.name for one in judgement.questions()}
    name = next(one.name for one in judgement.candidates.objects if one.name not in asked)
    given = judgement.answer({"question": name, "answer": "none", "chance": 0.9, "left": 1})
    assert given.chance is None


def test_equal_models_are_not_told_apart(tmp_path: Path) -> None:
    same = [mark(LEFT)]
    found = candidates(*(photo(f"{i}.jpg", same, same) for i in range(12)))
    with judgement_of(found, tmp_path) as judgement:
        for _ in range(12):
            (question,) = judgement.questions()
            judgement.answer({"question": question.name, "answer": "right", "outline": 1})
        assessment = judgement.assessment()
    assert assessment.certainty == pytest.approx(0.5)
    assert assessment.decision == "equal"
    assert "equal within 2 points" in assessment.sentence


def test_few_photos_settle_nothing(tmp_path: Path) -> None:
    with judgement_of(good_and_bad(2), tmp_path) as judgement:
        answer_truly(judgement, 6)
        assessment = judgement.assessment()
    assert assessment.decision == "more photos"
    assert assessment.more_photos is not None


@pytest.mark.parametrize("count", [0, 21, True, "1", 1.0])
def test_how_many_questions(judgement: Judgement, count: int) -> None:
    with pytest.raises(InputError, match="1 to 20 questions"):
        judgement.questions(count)


@pytest.mark.parametrize("value", [None, [], "right", {"answer": "right"}])
def test_what_is_no_answer_changes_nothing(judgement: Judgement, value: object) -> None:
    with pytest.raises(InputError):
        judgement.answer(value)  # type: ignore[arg-type]
    assert judgement.answers == ()


def test_nothing_to_ask(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing to ask"):
        judgement_of(candidates(photo("1", [], [])), tmp_path)


def test_the_table_has_a_row_a_model_the_leader_first(judgement: Judgement) -> None:
    answer_truly(judgement, 6)
    assessment: Assessment = judgement.assessment()
    table = assessment_table(assessment)
    assert table.rows[0][0].text == assessment.leader
    assert " to " in table.rows[0][3].below
    assert progress_words(assessment) == "6 answers, 30 objects left."
    value = assessment.to_dict()
    assert value["sentence"] == assessment.sentence
    assert set(value["models"][0]["f1"]) == {"estimate", "low", "high", "confidence"}

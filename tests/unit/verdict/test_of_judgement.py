"""What a person's answers tell of models' accuracy, as the verdict takes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from instseg_ui.verdict import accuracies_of, decide
from tests.unit.judge.factories import answer_truly, good_and_bad, judgement_of
from tests.unit.verdict.kit import candidate


def test_answers_make_a_paired_accuracy_once_there_are_enough(tmp_path: Path) -> None:
    with judgement_of(good_and_bad(12), tmp_path) as judgement:
        answer_truly(judgement, 9)
        assert accuracies_of(judgement) == {}, "Judge does not decide on so few either"
        answer_truly(judgement, 27)
        known, assessment = accuracies_of(judgement), judgement.assessment()
    assert set(known) == {"a", "b"}
    for model in assessment.models:
        one = known[model.model]
        assert (one.kind, one.figure, one.n) == ("answers", "F1", 36)
        assert one.value == model.f1.estimate
        assert one.interval == pytest.approx((model.f1.low, model.f1.high), abs=1e-3)
    assert known["a"].compares_with(known["b"])
    verdict = decide([candidate(name, one) for name, one in known.items()])
    assert (assessment.decision, verdict.best) == ("sure", "a"), "Judge and verdict agree"


def test_a_few_photos_tell_nothing_of_photos_like_these(tmp_path: Path) -> None:
    with judgement_of(good_and_bad(4), tmp_path) as judgement:
        answer_truly(judgement, 12)
        assert accuracies_of(judgement) == {}

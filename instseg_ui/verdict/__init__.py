"""Which model to ship: decided by figures, with its certainty, and withheld where they cannot tell.

    verdict = decide(candidates_of(evaluation), Limits(latency_ms=100))
    verdict.best, verdict.certainty, verdict_words(verdict).headline

`accuracy` says how a model's accuracy is known and how sure it is, `limits` who keeps within them,
`decision` decides, `words` says it.
"""

from instseg_ui.verdict.accuracy import (
    Accuracy,
    Difference,
    JudgedAccuracy,
    difference,
)
from instseg_ui.verdict.candidate import Candidate
from instseg_ui.verdict.decision import Rival, Verdict, decide
from instseg_ui.verdict.export import verdict_json
from instseg_ui.verdict.limits import Limits, check_limit
from instseg_ui.verdict.of_evaluation import accuracy_of, candidates_of
from instseg_ui.verdict.of_judgement import accuracies_of
from instseg_ui.verdict.words import VerdictWords, accuracy_words, kind_words, verdict_words

__all__ = [
    "Accuracy",
    "Candidate",
    "Difference",
    "JudgedAccuracy",
    "Limits",
    "Rival",
    "Verdict",
    "VerdictWords",
    "accuracies_of",
    "accuracy_of",
    "accuracy_words",
    "candidates_of",
    "check_limit",
    "decide",
    "difference",
    "kind_words",
    "verdict_json",
    "verdict_words",
]

"""Models judged by a person's answers, object by object, without annotations.

`candidates` matches what the models found; `posterior` says what is known, `choice` what is asked
next, `assessment` which model is best; `answers` and `answer_file` keep what was said; `judgement`
is the whole of it, `folder` runs models and keeps all on disk, `export` makes annotations of the
answers.
"""

from instseg_ui.judge.answers import KINDS, JudgeAnswer
from instseg_ui.judge.assessment import Assessment, ModelAssessment
from instseg_ui.judge.candidates import (
    MODELS,
    CandidateOutline,
    Candidates,
    JudgedObject,
    JudgedPhoto,
    find_candidates,
)
from instseg_ui.judge.judgement import Judgement
from instseg_ui.judge.question import JudgeQuestion

__all__ = [
    "KINDS",
    "MODELS",
    "Assessment",
    "CandidateOutline",
    "Candidates",
    "JudgeAnswer",
    "JudgeQuestion",
    "JudgedObject",
    "JudgedPhoto",
    "Judgement",
    "ModelAssessment",
    "find_candidates",
]

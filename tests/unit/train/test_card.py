"""The card and the sentences: every figure of an outcome, and no markup that a user typed."""

from __future__ import annotations

import json
from dataclasses import replace

from instseg_ui.train.card import card
from instseg_ui.train.outcome import ClassFigures, Gain, OldClasses, TrainingOutcome
from instseg_ui.train.words import old_words


def outcome() -> TrainingOutcome:
    return TrainingOutcome(
        name="Facades",
        licence="CC BY 4.0",
        start="everyday-M",
        data="my facades",
        photos=20,
        objects=61,
        training=15,
        held_out="held out from training",
        classes=("person", "cat", "balcony"),
        by_class=(ClassFigures("balcony", 12, None, 0.315),),
        gain=Gain(5, 0.0, 0.315, (0.2, 0.4), "Too few pictures to tell: 5 held out."),
        old=OldClasses(("person", "cat"), (), 8, ("cat",), 0.5, 0.45),
        minutes=12.3,
        epochs=40,
        history=((0.5, 0.2), (1.0, 0.315)),
        ended="It ran to its end.",
        seed=7,
        proof={"objects": 9},
        proof_words="9 objects in 3 photos",
        versions={"paddlepaddle": "3.2.2"},
    )


def test_an_outcome_survives_json() -> None:
    assert TrainingOutcome.from_dict(json.loads(json.dumps(outcome().to_dict()))) == outcome()


def test_the_card_has_data_figures_and_licence() -> None:
    text = card(outcome())
    for words in (
        "# Facades",
        "my facades: 20 photos, 61 objects",
        "CC BY 4.0",
        "| balcony | 12 | not known | 31.5 |",
        "| **mean** | | **0.0** | **31.5** |",
        "with 95 % between +20.0 and +40.0",
        "mask AP of cat was 50.0 and is 45.0 (−5.0 points)",
        "seed 7",
        "9 objects in 3 photos",
        "PP-YOLOE_seg-S",
    ):
        assert words in text, words


def test_what_a_user_typed_is_no_markup() -> None:
    nasty = "<script>alert(1)</script> [x](javascript:y) | `z` #"
    typed = replace(outcome(), name=nasty, licence=nasty, data=nasty, classes=("a`b|<i>",))
    text = card(typed)
    assert "<script" not in text.replace("\\<script", "")
    assert "[x](" not in text.replace("\\[x\\](", "")
    for line in text.splitlines():
        if line.startswith(("| Licence", "| Taught", "| Task")):
            assert line.replace("\\|", "").count("|") == 3


def test_without_a_licence_it_says_so() -> None:
    assert "not stated" in card(replace(outcome(), licence=""))


def test_what_was_dropped_or_not_measured_is_said_plainly() -> None:
    gone = replace(outcome(), old=OldClasses((), ("person", "cat"), 0, (), None, None))
    assert old_words(gone) == "It no longer knows person, cat: they were dropped."
    unknown = replace(outcome(), old=OldClasses(("otter",), (), 0, (), None, None))
    assert "was not measured" in old_words(unknown)
    assert (
        "every class"
        in old_words(replace(outcome(), old=OldClasses((), (), 0, (), None, None))).lower()
    )

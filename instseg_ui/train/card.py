"""The card of a taught model: what it is, from what, what it is worth, what it is not."""

from __future__ import annotations

from instseg_ui.numbers import percent, plural
from instseg_ui.train.network.inference_folder import PADDLEX_NAME
from instseg_ui.train.outcome import ClassFigures, TrainingOutcome
from instseg_ui.train.words import difference_words, old_words

_NOT_GIVEN = "not stated by whoever taught it"


def card(outcome: TrainingOutcome) -> str:
    """The card as Markdown; whatever a user typed is no markup in it."""
    parts = [_head(outcome), _worth(outcome), _old(outcome), _training(outcome), _limits(outcome)]
    return "\n\n".join(parts) + "\n"


def _head(outcome: TrainingOutcome) -> str:
    classes = ", ".join(_code(one) for one in outcome.classes)
    rows = [
        ("Task, classes", f"instance segmentation; {classes}"),
        ("Started from", f"{_plain(outcome.start)}, an embedded model of InstSeg UI or one taught"),
        (
            "Taught on",
            f"{_plain(outcome.data)}: {plural(outcome.photos, 'photo')}, "
            f"{plural(outcome.objects, 'object')}",
        ),
        ("Licence", _plain(outcome.licence) or _NOT_GIVEN),
        ("Also holds", "the licences of the start model: `LICENSE-backbone`, `LICENSE-data`"),
        ("`Global.model_name`", f"`{PADDLEX_NAME}`, a loading mode; not what the network is"),
        ("Written by", ", ".join(f"{key} {value}" for key, value in outcome.versions.items())),
        ("Equal to what was trained", outcome.proof_words),
    ]
    table = "\n".join(f"| {name} | {text} |" for name, text in rows)
    return f"# {_plain(outcome.name)}\n\n| | |\n|---|---|\n{table}"


def _worth(outcome: TrainingOutcome) -> str:
    gain = outcome.gain
    lines = [
        "## What it is worth",
        f"Mask AP in percent on {plural(gain.photos, 'photo')}, {outcome.held_out}.",
        "| class | objects | before | after |\n|---|---|---|---|\n"
        + "\n".join(_row(one) for one in outcome.by_class)
        + f"\n| **mean** | | **{percent(gain.before)}** | **{percent(gain.after)}** |",
        f"{difference_words(outcome)} {gain.words}",
    ]
    return "\n\n".join(lines)


def _row(one: ClassFigures) -> str:
    before = "not known" if one.before is None else percent(one.before)
    return f"| {_plain(one.name)} | {one.objects} | {before} | {percent(one.after)} |"


def _old(outcome: TrainingOutcome) -> str:
    return f"## What the start model knew\n\n{_plain(old_words(outcome))}"


def _training(outcome: TrainingOutcome) -> str:
    checks = ", ".join(f"{100 * share:.0f} %: {percent(ap)}" for share, ap in outcome.history)
    lines = [
        "## Training",
        f"- {plural(outcome.training, 'photo')} taught, in {plural(outcome.epochs, 'round')}; "
        f"{outcome.minutes:.1f} minutes, seed {outcome.seed}. {outcome.ended}",
        "- The backbone stayed as it was. Its features of random views (scale, shift, flip, slight "
        "rotation, colour, mosaics, pasted objects) were computed once and kept; the heads learned "
        "first, then neck and mask branch at a small rate. Adam, drawn back towards the start; "
        "averaged weights.",
    ]
    if checks:
        lines.append(f"- Mask AP at each check, by share of the schedule: {checks}.")
    return "\n\n".join([lines[0], "\n".join(lines[1:])])


def _limits(outcome: TrainingOutcome) -> str:
    return (
        "## Limits\n\n"
        "- The checkpoint was chosen on the photos that it was measured on: expect a little less "
        "on others.\n"
        "- What is small in a wide photo goes missing: photos are shrunk to the network's input.\n"
        "- It learned from these photos only. Try it on yours before you rely on it, and do not "
        "use it where a wrong answer harms anybody."
    )


def _code(text: str) -> str:
    return f"`{_plain(text).replace('`', '')}`"


def _plain(text: str) -> str:
    """Text that is no markup: on one line, without what opens a tag, a link or a cell."""
    line = " ".join(text.split())
    return "".join(f"\\{sign}" if sign in "\\`*[]<>|#" else sign for sign in line)

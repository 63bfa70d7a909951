"""An outcome in sentences, for the card, the command line and the page. Text, and no markup."""

from __future__ import annotations

from instseg_ui.numbers import percent, plural, signed_percent
from instseg_ui.train.outcome import TrainingOutcome


def difference_words(outcome: TrainingOutcome) -> str:
    """The difference and its interval, a sentence."""
    gain = outcome.gain
    points = f"{signed_percent(gain.after - gain.before)} points"
    if gain.interval is None:
        return f"The difference is {points}; too few photos for an interval."
    low, high = map(signed_percent, gain.interval)
    return f"The difference is {points}, with 95 % between {low} and {high}."


def old_words(outcome: TrainingOutcome) -> str:
    """What became of the classes that were not taught, in sentences."""
    old = outcome.old
    said = []
    if old.dropped:
        said.append(f"It no longer knows {names(old.dropped)}: they were dropped.")
    if old.kept:
        said.append(
            f"It still has {names(old.kept)}, kept by learning what the start model said of the "
            "same photos."
        )
    if old.kept and old.before is not None and old.after is not None:
        said.append(
            f"On the {plural(old.photos, 'example photo')} of the product the mask AP of "
            f"{names(old.measured)} was {percent(old.before)} and is {percent(old.after)} "
            f"({signed_percent(old.after - old.before)} points). What the others lost was not "
            "measured: no photo with annotations of them is at hand."
        )
    elif old.kept:
        said.append("What they lost was not measured: no photo with annotations is at hand.")
    return " ".join(said) or "Every class of the start model was taught on."


def names(labels: tuple[str, ...]) -> str:
    """A list of names."""
    return ", ".join(labels)

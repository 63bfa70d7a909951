"""Whether a data set can teach, and what of it: a sentence for each thing that is wrong."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from instseg_ui.errors import DiskFullError, InputError, system_said
from instseg_ui.evaluate import CategoryMap, Dataset, Finding, Severity
from instseg_ui.evaluate.findings import Findings
from instseg_ui.masks import area
from instseg_ui.numbers import plural
from instseg_ui.train.starts import SPEC_FILE

WORK = ".training"
"""In the output while a run is not done: what it needs to go on."""
CHECKPOINT, LOCK = "checkpoint.npz", ".training.lock"
CARD, FIGURES = "MODEL_CARD.md", "training.json"
MADE = frozenset(
    {"inference.pdiparams", "inference.json", "inference.yml", SPEC_FILE, FIGURES, CARD}
    | {"LICENSE-backbone", "LICENSE-data"}
)
"""The files of a finished folder."""
GO_ON = "start again with --resume"
"""What going on is on the command line; a door where it is another thing says so to `session`."""
START_OVER = "start without --resume"
"""The same of beginning anew."""
LEAST_PHOTOS = 2
NEEDED_BYTES = 120_000_000
"""Room for the folder, what is kept to go on from, and what is written before it replaces that."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is taught: which photos, and which classes.

    Attributes:
        photos: places in the data set.
        classes: of the new model, by class id.
        labels: class id by the place of the data set's category.
        replayed: classes of the start model that stay without being annotated, by name.
        dropped: classes of the start model that go, by name.
        new: classes that the start model does not know, by name.
        findings: what was left out, and what can hardly be learned.
    """

    photos: tuple[int, ...]
    classes: tuple[str, ...]
    labels: dict[int, int]
    replayed: tuple[str, ...]
    dropped: tuple[str, ...]
    new: tuple[str, ...]
    findings: tuple[Finding, ...]

    def present(self, dataset: Dataset) -> list[frozenset[int]]:
        """The categories that each of the photos has objects of, by place."""
        return [
            frozenset(one.category for one in dataset.truths_of(photo) if not one.crowd)
            for photo in self.photos
        ]


def lesson_of(dataset: Dataset, known: Sequence[str], *, keep_classes: bool) -> Lesson:
    """What a data set teaches a model that knows some classes.

    A category that has the name of a known class, but for spelling, goes on teaching that class.

    Raises:
        InputError: it cannot teach.
    """
    findings = Findings()
    objects = _objects(dataset)
    _say_empty(dataset, objects, findings)
    counts = Counter(one.category for one in objects if not one.empty)
    if not counts:
        raise InputError(
            "No object is annotated in these pictures, so there is nothing to learn. Draw outlines "
            "around some objects of each class."
        )
    _check_names(dataset, counts)
    pictures = {one.image for one in objects if not one.empty}
    if len(pictures) < LEAST_PHOTOS:
        raise InputError(
            f"Only {plural(len(pictures), 'picture')} with annotated objects: a part of the "
            f"pictures is held out to measure by. Annotate at least {LEAST_PHOTOS}; 20 are a good "
            "start."
        )
    _say_rare(dataset, counts, findings)
    return _lesson(dataset, known, sorted(counts), tuple(findings), keep=keep_classes)


class _Object(NamedTuple):
    image: int
    category: int
    empty: bool


def _objects(dataset: Dataset) -> list[_Object]:
    """Every annotated object that is no crowd."""
    return [
        _Object(image, one.category, area(one.mask) == 0)
        for image in range(len(dataset.images))
        for one in dataset.truths_of(image)
        if not one.crowd
    ]


def _say_empty(dataset: Dataset, objects: Sequence[_Object], findings: Findings) -> None:
    for one in objects:
        if one.empty:
            findings.error(
                "outline outside the picture",
                "No pixel of it lies in the picture, so it cannot teach. Check that the "
                "annotations are made for these pictures.",
                dataset.images[one.image].name,
            )


def _check_names(dataset: Dataset, counts: Counter[int]) -> None:
    """Raises `InputError` where two categories cannot be told apart by their names."""
    seen: dict[str, str] = {}
    for place in sorted(counts):
        name = dataset.categories[place].name.strip()
        plain = " ".join(name.replace("_", " ").replace("-", " ").casefold().split())
        if plain in seen:
            raise InputError(
                f"The categories “{seen[plain][:60]}” and “{name[:60]}” differ in spelling only. "
                "Give their objects one category, or the categories two names."
            )
        seen[plain] = name


def _say_rare(dataset: Dataset, counts: Counter[int], findings: Findings) -> None:
    for place, count in sorted(counts.items()):
        if count == 1:
            findings.warn(
                "class with one example",
                "It teaches, but nothing is left to measure it by, and a class is hardly learned "
                "from one example. Annotate more.",
                dataset.categories[place].name,
            )


def _lesson(
    dataset: Dataset,
    known: Sequence[str],
    taught: Sequence[int],
    findings: tuple[Finding, ...],
    *,
    keep: bool,
) -> Lesson:
    mapping = CategoryMap.by_name([dataset.categories[place] for place in taught], known)
    of_known = {
        taught[place]: known[class_id]
        for class_id, place in enumerate(mapping.targets)
        if place is not None
    }
    names = {place: of_known.get(place, dataset.categories[place].name.strip()) for place in taught}
    mine = list(dict.fromkeys(names.values()))
    others = [name for name in known if name not in mine]
    new = tuple(name for name in mine if name not in known)
    kept = [name for name in known if keep or name in mine]
    classes = (*kept, *new)
    return Lesson(
        photos=tuple(range(len(dataset.images))),
        classes=classes,
        labels={place: classes.index(name) for place, name in names.items()},
        replayed=tuple(others) if keep else (),
        dropped=() if keep else tuple(others),
        new=new,
        findings=findings,
    )


def check_room(output: Path, *, resume: bool = False) -> None:
    """Whether the folder can be written, replaces nothing, and there is room for it.

    Args:
        resume: whether a run that is kept there is to go on.

    Raises:
        InputError: it cannot be made, or holds something else, or a run that is not done.
        DiskFullError: there is too little room.
    """
    try:
        if output.exists() and not output.is_dir():
            raise InputError(f"“{output.name}” is a file; name a folder to make.")
        output.mkdir(parents=True, exist_ok=True)
        _check_content(output, resume=resume)
        free = shutil.disk_usage(output).free
    except OSError as error:
        raise InputError(
            f"“{output.name}” cannot be made or written.", remedy=system_said(error)
        ) from error
    if free < NEEDED_BYTES:
        raise disk_full(output.name, free)


def _check_content(output: Path, *, resume: bool) -> None:
    """Raises `InputError` where something would be lost."""
    there = {one.name for one in output.iterdir()} - {WORK, LOCK}
    if "inference.yml" in there or there - MADE:
        raise InputError(f"“{output.name}” holds something already. Name a folder to make.")
    if not resume and (output / WORK / CHECKPOINT).exists():
        raise InputError(
            f"“{output.name}” holds a run that is not done. Go on with --resume, or name another "
            "folder."
        )


def disk_full(name: str, free: int | None = None) -> DiskFullError:
    """The sentence for a disk without room."""
    left = "" if free is None else f", and {free / 1e6:.0f} MB are free"
    return DiskFullError(
        f"The disk of “{name}” has no room: {NEEDED_BYTES / 1e6:.0f} MB are needed{left}. "
        f"What was learned so far is kept; make room and {GO_ON}."
    )


def gravest(findings: Sequence[Finding]) -> list[Finding]:
    """Those that leave something out or warn."""
    return [one for one in findings if one.level is not Severity.NOTE]

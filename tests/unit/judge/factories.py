"""Photos of rectangles whose truth is known, and people who answer from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from instseg_ui import masks
from instseg_ui.judge import Candidates, JudgedPhoto, Judgement, find_candidates
from instseg_ui.judge.outcomes import Outcomes, count_marked
from instseg_ui.judge.posterior import ABSENT
from instseg_ui.results import Instance, Instances

Box = tuple[int, int, int, int]
WIDTH, HEIGHT = 80, 60
LEFT, MIDDLE, RIGHT = (2, 3, 22, 23), (30, 3, 50, 23), (55, 30, 75, 50)


def mark(box: Box, score: float = 0.9, label: str = "cat") -> Instance:
    """A filled rectangle x0, y0, x1, y1 that a model found."""
    x0, y0, x1, y1 = box
    shape = np.ones((y1 - y0, x1 - x0), bool)
    rle = masks.encode_crop(shape, (x0, y0), (HEIGHT, WIDTH))
    corners = (float(x0), float(y0), float(x1), float(y1))
    return Instance(0, label, score, corners, masks.area(rle), rle)


def photo(name: str, *found: Iterable[Instance]) -> JudgedPhoto:
    """A photo and what each model found in it."""
    rows = tuple(Instances.from_rows(list(one)) for one in found)
    return JudgedPhoto(name, WIDTH, HEIGHT, rows)


def candidates(*photos: JudgedPhoto, models: Sequence[str] = ("a", "b")) -> Candidates:
    return find_candidates(models, photos)


def good_and_bad(photos: int) -> Candidates:
    """Model a finds both cats of each photo; b finds one and invents another."""
    return candidates(
        *(
            photo(f"{i}.jpg", [mark(LEFT), mark(MIDDLE, 0.8)], [mark(LEFT), mark(RIGHT, 0.7)])
            for i in range(photos)
        )
    )


def answer_truly(judgement: Judgement, count: int) -> None:
    """Answer so many questions as `good_and_bad` has it: at RIGHT there is nothing."""
    for _ in range(count):
        (question,) = judgement.questions()
        there = masks.box_of(question.outlines[0].mask)[1] < 20
        said = {"answer": "right", "outline": 1} if there else {"answer": "nothing"}
        judgement.answer({"question": question.name, **said})


def judgement_of(found: Candidates, folder: Path) -> Judgement:
    return Judgement(found, folder / "answers.jsonl")


def table(seed: int, objects: int = 60, photos: int = 12) -> tuple[Outcomes, npt.NDArray[np.intp]]:
    """Three models, each object right in one way; the first is the best, the last invents much."""
    rng = np.random.default_rng(seed)
    real = rng.random(objects) < 0.6
    chance = np.where(real[:, None], (0.95, 0.7, 0.5), (0.1, 0.2, 0.6))
    scores = np.where(rng.random(chance.shape) < chance, rng.uniform(0.2, 1, chance.shape), 0)
    scores[~scores.any(axis=1), 2] = 0.3
    photo_of = np.sort(rng.integers(photos, size=objects)).astype(np.int32)
    rows, columns = np.nonzero(scores)
    marked = count_marked(
        photo_of[rows],
        columns.astype(np.int32),
        scores[rows, columns].astype(np.float32),
        photos,
        3,
    )
    way = np.arange(objects)
    outcomes = Outcomes(
        ("a", "b", "c"),
        photos,
        photo_of,
        scores.astype(np.float32),
        way.astype(np.int32),
        scores.astype(np.float32),
        marked,
    )
    return outcomes, np.where(real, way, ABSENT)

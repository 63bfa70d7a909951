"""Judging models by answers: what is asked, what was said, what is known. The room's front door.

    candidates = find_candidates(["a", "b"], photos)
    with Judgement(candidates, folder / "answers.jsonl") as judgement:
        question = judgement.questions()[0]
        judgement.answer({"question": question.name, "answer": "right", "outline": 1})
        print(judgement.assessment().sentence)

The same answers give the same figures and the same questions, in another process too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np

from instseg_ui.errors import InputError
from instseg_ui.judge import choice
from instseg_ui.judge.answer_file import AnswerFile
from instseg_ui.judge.answers import JudgeAnswer, read_answer
from instseg_ui.judge.assessment import Assessment, assess
from instseg_ui.judge.candidates import Candidates
from instseg_ui.judge.posterior import ABSENT, NONE_RIGHT, Known, Posterior, Sampler
from instseg_ui.judge.question import JudgeQuestion, ask

MOST_AHEAD = 20
"""Questions that are handed out before the first of them is answered."""


class _Drawn(NamedTuple):
    """An object whose turn it is, and how likely that was."""

    place: int
    chance: float
    left: int


class Judgement:
    """Questions and answers about one set of candidates. Used by one thread at a time."""

    def __init__(self, candidates: Candidates, path: Path, *, seed: int = 0) -> None:
        """Take up the answers that are there.

        Args:
            candidates: what the models found.
            path: of the file of answers; made if it is not there.
            seed: of the random numbers; the same answers give the same figures and questions.

        Raises:
            BusyError, InputError: see `AnswerFile`; also where nothing can be asked.
        """
        if not candidates.objects:
            raise InputError("No model found anything in these photos, so there is nothing to ask.")
        self.candidates = candidates
        self._seed = seed
        self._index = {one.name: i for i, one in enumerate(candidates.objects)}
        self._photo = {photo.name: i for i, photo in enumerate(candidates.photos)}
        self._outlines = {one.name: len(one.candidates) for one in candidates.objects}
        self._sizes = {photo.name: (photo.width, photo.height) for photo in candidates.photos}
        self._file = AnswerFile(path, candidates.digest, self.read)
        self._sampler = Sampler(candidates.outcomes, seed)
        self._drawn: list[_Drawn] = []
        self._left_out: set[int] = set()
        self._posterior: Posterior | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def answers(self) -> tuple[JudgeAnswer, ...]:
        """Those that hold, in the order they were given; of two about an object the last counts."""
        return tuple(self._file)

    @property
    def passed_over(self) -> int:
        """Lines of the file that are no answers."""
        return self._file.passed_over

    def read(self, value: object) -> JudgeAnswer:
        """An answer from outside. Raises `InputError`, see `read_answer`."""
        return read_answer(value, self._outlines, self._sizes)

    def questions(self, count: int = 1) -> list[JudgeQuestion]:
        """The next `count` questions, fewer where fewer objects are left; asking changes nothing.

        Those behind the first are chosen without its answer, so that they can be shown at once.

        Raises:
            InputError: `count` is not 1 to 20.
        """
        if type(count) is not int or not 1 <= count <= MOST_AHEAD:
            raise InputError(f"Expected 1 to {MOST_AHEAD} questions, got {str(count)[:20]}.")
        while len(self._drawn) < count and self._draw():
            pass
        return [ask(self.candidates, *drawn) for drawn in self._drawn[:count]]

    @property
    def left(self) -> int:
        """How many objects may still be asked about."""
        held = {self._index[name] for name in self._held()}
        return len(self.candidates.objects) - len(held | self._left_out)

    def leave_out(self, photo: str) -> None:
        """Ask about nothing in that photo any more, because it cannot be shown.

        Its answers count on. It is remembered no longer than this judgement is open.
        """
        gone = self._photo.get(photo)
        places = {i for i, one in enumerate(self.candidates.objects) if one.photo == gone}
        self._left_out |= places
        self._drawn = [one for one in self._drawn if one.place not in places]

    def answer(self, value: Mapping[str, object]) -> JudgeAnswer:
        """Take an answer; it is on the disk when this returns.

        `chance` and `left` are filled in where the object was asked about.

        Raises:
            InputError: it is none, see `read_answer`; it could not be written.
        """
        if not isinstance(value, Mapping):
            self.read(value)
        if not self._drawn:
            self._draw()
        given = {key: item for key, item in value.items() if key not in ("chance", "left")}
        answer = self._with_chance(self.read(given))
        self._file.add(answer)
        self._drawn = [one for one in self._drawn if self._name(one) != answer.question]
        self._posterior = None
        return answer

    def undo(self) -> JudgeAnswer | None:
        """Take the last answer back; its object is asked about next. None if there is none."""
        undone = self._file.undo()
        if undone is None:
            return None
        self._posterior = None
        if undone.question and undone.question not in {one.question for one in self._file}:
            chance, left = undone.chance or 1.0, undone.left or 1
            self._drawn.insert(0, _Drawn(self._index[undone.question], chance, left))
        return undone

    def posterior(self) -> Posterior:
        """What is known; counted once after each answer."""
        if self._posterior is None:
            self._posterior = self._sampler.update(self.known()[0])
        return self._posterior

    def assessment(self) -> Assessment:
        """The figures and the decision."""
        known, chances = self.known()
        held = self._held()
        return assess(
            self.candidates.outcomes,
            known,
            self.posterior(),
            chances,
            skipped=sum(one.answer == "skip" for one in held.values()),
            left_out=len(self._left_out - {self._index[name] for name in held}),
            complete=len({one.photo for one in self._file if one.answer == "complete"}),
        )

    def known(self) -> tuple[Known, np.ndarray]:
        """The answers as numbers, and the chance with which each object was drawn."""
        told = [one for one in self._held().values() if one.answer != "skip"]
        objects = [self._index[one.question] for one in told]
        outcomes = [self._outcome(one) for one in told]
        missed = [self._photo[str(one.photo)] for one in self._file if one.answer == "missed"]
        chances = [np.nan if one.chance is None else one.chance for one in told]
        return (
            Known(
                np.array(objects, np.intp), np.array(outcomes, np.intp), np.array(missed, np.intp)
            ),
            np.array(chances, np.float64),
        )

    def close(self) -> None:
        """Let others open the file."""
        self._file.close()

    def _with_chance(self, answer: JudgeAnswer) -> JudgeAnswer:
        """The same with the chance of having been asked; of a second answer it is the first's."""
        before = self._held().get(answer.question)
        if before:
            return replace(answer, chance=before.chance, left=before.left)
        for one in self._drawn:
            if self._name(one) == answer.question:
                return replace(answer, chance=one.chance, left=one.left)
        return answer

    def _held(self) -> dict[str, JudgeAnswer]:
        """The last answer about each object, in the order of the answers."""
        held: dict[str, JudgeAnswer] = {}
        for one in self._file:
            if one.question:
                held.pop(one.question, None)
                held[one.question] = one
        return held

    def _outcome(self, answer: JudgeAnswer) -> int:
        if answer.answer == "nothing":
            return ABSENT
        if answer.answer != "right":
            return NONE_RIGHT
        ways = self.candidates.objects[self._index[answer.question]].ways
        return ways[(answer.outline or 1) - 1]

    def _name(self, drawn: _Drawn) -> str:
        return self.candidates.objects[drawn.place].name

    def _draw(self) -> bool:
        """Draw one more object; whether there was one left."""
        outcomes = self.candidates.outcomes
        open_ = np.ones(len(outcomes), bool)
        open_[[self._index[name] for name in self._held()]] = False
        open_[[*(one.place for one in self._drawn), *self._left_out]] = False
        left = int(open_.sum())
        if not left:
            return False
        gain = choice.information(outcomes, self._sampler.features, self.posterior())
        chances = choice.chances(gain, open_)
        rng = np.random.default_rng([self._seed, len(self._file), len(self._drawn)])
        index = int(rng.choice(len(chances), p=chances))
        self._drawn.append(_Drawn(index, float(chances[index]), left))
        return True

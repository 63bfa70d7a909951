"""Holds one engine against Paddle's answers to the same images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from instseg_ui import engines
from instseg_ui.engines.near_tie import LOOSE, NearTie
from instseg_ui.hpi.calibration import Picture, Pixels, nudged
from instseg_ui.hpi.parity import (
    FLOOR,
    LIMIT,
    Pairing,
    Parity,
    Ties,
    newcomer,
    pair,
    summarise,
)
from instseg_ui.results import Instances
from instseg_ui.workers.worker import Answer, IsCancelled, OnStage, Worker

Open = Callable[[], AbstractContextManager[Worker]]

_NUDGES = 3


class Reference:
    """What Paddle's normal mode finds in the images, and which of it Paddle itself does not hold.

    An object that comes or goes when eight values of the image change by one grey level stands at
    a near tie: two candidates whose order inside the network is decided by rounding. Engines
    round in other ways, so that no engine can be asked to hold it either.

    `answers` are Paddle's instances by image, `first` is all it said of the first one.
    """

    def __init__(
        self,
        images: Sequence[Picture],
        open_worker: Open,
        on_stage: OnStage,
        cancelled: IsCancelled,
    ) -> None:
        self.images = images
        self.cancelled = cancelled
        self._open, self._on_stage = open_worker, on_stage
        self._ties: dict[int, set[int]] = {}
        answers = self._run([picture.pixels for picture in images], "running Paddle")
        self.answers = [answer.output.instances for answer in answers]
        self.first = answers[0]

    def ties(self, numbers: Sequence[int]) -> dict[int, set[int]]:
        """Objects that Paddle does not hold, by their index, for each of these images."""
        missing = [number for number in numbers if number not in self._ties]
        changed = [
            nudged(self.images[number].pixels, seed)
            for number in missing
            for seed in range(_NUDGES)
        ]
        answers = iter(self._run(changed, "looking for near ties") if changed else ())
        for number in missing:
            nudges = [next(answers).output.instances for _ in range(_NUDGES)]
            pairings = [pair(self.answers[number], nudge) for nudge in nudges]
            self._ties[number] = set[int]().union(*(pairing.unstable for pairing in pairings))
        return {number: self._ties[number] for number in numbers}

    def _run(self, images: Sequence[Pixels], stage: str) -> list[Answer]:
        with self._open() as worker:
            return _answers(worker, images, self.cancelled, self._on_stage, stage)


def check(engine: str, reference: Reference, open_worker: Open) -> Parity:
    """The verdict on `engine`, whose workers `open_worker` gives.

    Raises:
        LoadError, WorkerError: the engine does not run the model.
    """
    images = [picture.pixels for picture in reference.images]
    with open_worker() as worker:
        answers = _answers(worker, images, reference.cancelled)
        found = [answer.output.instances for answer in answers]
        pairings = [pair(*both) for both in zip(reference.answers, found, strict=True)]
        ties: list[dict[int, NearTie]] = [{} for _ in pairings]
        wrong = [i for i, pairing in enumerate(pairings) if pairing.off or pairing.surplus]
        if engine in engines.CONVERTED:
            for i in wrong:
                ties[i] = _settled(worker, images[i], reference, reference.answers[i], pairings[i])
    verdict = _summary(engine, reference, pairings, ties)
    if verdict.passed or not wrong:
        return verdict
    # Only now: looking for what Paddle does not hold takes as many runs of it again.
    loose = reference.ties(wrong)
    for i in wrong:
        ties[i] = {number: NearTie(number, LOOSE) for number in loose[i]} | ties[i]
    return _summary(engine, reference, pairings, ties)


def _settled(
    worker: Worker, pixels: Pixels, reference: Reference, theirs: Instances, pairing: Pairing
) -> dict[int, NearTie]:
    """The differences that go when decisions within rounding follow Paddle's."""
    answer = worker.run(pixels, FLOOR, LIMIT, reference.cancelled, theirs).output
    again = pair(theirs, answer.instances)
    by_object = {tie.reference: tie for tie in answer.ties}
    ties = {number: by_object[number] for number in pairing.off - again.off if number in by_object}
    # Objects that Paddle has not are gone, as many as followed it.
    gone = [tie for tie in answer.ties if tie.reference < 0]
    if not again.surplus:
        ties |= {newcomer(j): tie for j, tie in zip(pairing.surplus, gone, strict=False)}
    return ties


def _summary(
    engine: str, reference: Reference, pairings: Sequence[Pairing], ties: Sequence[Ties]
) -> Parity:
    names = [picture.name for picture in reference.images]
    rows = zip(names, reference.answers, pairings, strict=True)
    return summarise(engine, rows, ties)


def _answers(
    worker: Worker,
    images: Sequence[Pixels],
    cancelled: IsCancelled,
    on_stage: OnStage | None = None,
    stage: str = "",
) -> list[Answer]:
    answers = []
    for number, pixels in enumerate(images, 1):
        if on_stage:
            on_stage(f"{stage} ({number} of {len(images)})")
        answers.append(worker.run(pixels, FLOOR, LIMIT, cancelled))
    return answers

"""The example data set, and what the embedded models found in it, as they ship.

The figures are counted from the shipped predictions, by the same code as any other evaluation; no
model runs for them. They are counted once a process.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
from dataclasses import dataclass, replace
from pathlib import Path

from instseg_ui.errors import InputError
from instseg_ui.evaluate import Dataset, Evaluation, Options, Predictions, open_coco, summarize
from instseg_ui.evaluate.predictions import RunKey
from instseg_ui.evaluate.run import for_evaluation, open_predictions, predict
from instseg_ui.examples.origin import Origin, read_origin, result_folder
from instseg_ui.examples.photos import photo_folder
from instseg_ui.segmenter import Segmenter

MODELS = ("everyday-M", "everyday-S", "demo-cats")
"""The models whose predictions ship, in the order of the tables."""
NAME = "Example: eight photos"
_FOLDER = "predictions"


def prediction_folder(assets: Path) -> Path:
    """Where the shipped predictions lie, a file a model."""
    return result_folder(assets) / _FOLDER


def open_example_set(assets: Path) -> Dataset:
    """The example data set. Raises `InputError` where there is none."""
    folder = photo_folder(assets)
    return replace(open_coco(folder, folder / "instances.json"), name=NAME)


def predict_example(segmenter: Segmenter, folder: Path) -> None:
    """Run the models over the example data set; their predictions are written to `folder`."""
    dataset = open_example_set(segmenter.settings.assets)
    sibling = for_evaluation(segmenter)
    for model in MODELS:
        with open_predictions(dataset, sibling, model, folder, restart=True) as predictions:
            predict(dataset, sibling, predictions)
    for lock in folder.glob("*.lock"):
        lock.unlink()


@dataclass(frozen=True, slots=True, eq=False)
class _Counted:
    """The figures, whose predictions' files are closed, and where they come from."""

    evaluation: Evaluation
    origin: Origin


class ExampleEvaluation:
    """Hands out the example evaluation. Safe to use from many threads.

    The figures are shared; each visitor's predictions are files of their own, to look at and to
    go on from.
    """

    def __init__(self, assets: Path) -> None:
        self._assets = assets
        self._lock = threading.Lock()
        self._counted: _Counted | None = None

    @property
    def is_there(self) -> bool:
        """Whether these assets hold one."""
        return (prediction_folder(self._assets) / f"{MODELS[0]}.jsonl").is_file()

    def open(self, folder: Path) -> tuple[Evaluation, Origin]:
        """The evaluation, its predictions' files in `folder`, which is the caller's. Close it.

        Raises:
            InputError: the data set or the predictions are missing or damaged, or `folder` cannot
                be written.
        """
        counted = self._count()
        own = open_copies(prediction_folder(self._assets), folder)
        results = tuple(
            replace(one, predictions=predictions)
            for one, predictions in zip(counted.evaluation.results, own, strict=True)
        )
        return replace(counted.evaluation, results=results), counted.origin

    def _count(self) -> _Counted:
        with self._lock:
            if self._counted is None:
                self._counted = _count(self._assets)
            return self._counted


def open_copies(shipped: Path, folder: Path) -> list[Predictions]:
    """Copies of the predictions in `shipped`, opened in `folder`, in the order of `MODELS`.

    Raises:
        InputError: one is missing or damaged, or `folder` cannot be written.
    """
    opened: list[Predictions] = []
    try:
        opened.extend(_open_copy(shipped / f"{model}.jsonl", folder) for model in MODELS)
    except BaseException:
        for one in opened:
            one.close()
        raise
    return opened


def _open_copy(shipped: Path, folder: Path) -> Predictions:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        copy = folder / shipped.name
        shutil.copyfile(shipped, copy)
        with copy.open("rb") as file:
            values = json.loads(file.readline())
        del values["instseg_predictions"]
        return Predictions(copy, RunKey(**values | {"labels": tuple(values["labels"])}))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"The example predictions “{shipped.name}” cannot be read.") from error


def _count(assets: Path) -> _Counted:
    origin, dataset = read_origin(assets), open_example_set(assets)
    with tempfile.TemporaryDirectory() as folder:
        predictions = open_copies(prediction_folder(assets), Path(folder))
        found = summarize(dataset, predictions, Options())
        found.close()
    return _Counted(replace(found, made=origin.made, machine=origin.machine), origin)

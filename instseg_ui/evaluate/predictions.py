"""What a model found in each picture, on disk as it comes: a run can be stopped and taken up again.

The file has a line of JSON for each picture, after a first line that says which model, data set
and floor they are of. A line that was cut off by a crash is dropped, and its picture run again.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from filelock import FileLock, Timeout

from instseg_ui.errors import BusyError, InputError, system_said
from instseg_ui.evaluate.category_map import CategoryMap
from instseg_ui.evaluate.dataset import Dataset, Id
from instseg_ui.masks import Rle
from instseg_ui.prediction_json import coco_result, instances_of, number
from instseg_ui.results import Instances, Prediction, Runtime

VERSION = 1
_SYNC_S = 2.0
_PREFIX = b'{"image": '
_NAMES = {
    "fingerprint": "version of the model",
    "dataset": "data set",
    "floor": "lowest score",
    "labels": "list of classes",
    "max_instances": "limit of instances",
}
"""How a sentence names what differs between two runs; the rest by their own names."""


@dataclass(frozen=True, slots=True)
class RunKey:
    """What predictions are of; those of another key are not taken up again.

    Attributes:
        model: its name.
        fingerprint: of the contents of its files, which is `FolderFacts.content`, so that what was
            predicted before the folder was copied or installed again is still of this model.
        labels: its classes, by class id.
        dataset: the data set's digest.
        floor: lowest score kept.
        max_instances: most instances kept of one picture.
        device: where the model ran.
        engine: what was asked to run it, as the setting of that name.
    """

    model: str
    fingerprint: str
    labels: tuple[str, ...]
    dataset: str
    floor: float
    max_instances: int
    device: str
    engine: str = "normal"

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self) | {"labels": list(self.labels)}


class ImagePredictions(NamedTuple):
    """What was found in one picture, N instances in falling order of score.

    Attributes:
        size: height and width, pixels.
        class_ids: (N,) int32, of the model.
        scores: (N,) float64.
        boxes: (N, 4) float64, x, y, width, height in pixels.
        counts: N run lengths, COCO's compressed form.
        latency_ms: what the picture took, decoding not included; 0 where it is not known.
        error: why nothing could be found, or "".
    """

    size: tuple[int, int]
    class_ids: npt.NDArray[np.int32]
    scores: npt.NDArray[np.float64]
    boxes: npt.NDArray[np.float64]
    counts: list[str]
    latency_ms: float
    error: str = ""

    def mask(self, index: int) -> Rle:
        """One mask."""
        return {"size": list(self.size), "counts": self.counts[index]}


class ImageFailure(NamedTuple):
    """Why nothing could be found in a picture, and whether that is the picture's fault."""

    error: str
    unreadable: bool


class Predictions:
    """The predictions of one model on one data set. Used by one thread at a time."""

    def __init__(self, path: Path, key: RunKey, *, restart: bool = False) -> None:
        """Open the file, taking up what is there of the same key.

        Raises:
            BusyError: another run writes it.
            InputError: it cannot be written.
        """
        self.path, self.key = path, key
        self.taken_up = 0
        self.begun_anew = ""
        self._offsets: dict[Id, int] = {}
        self._checksums: dict[Id, int] = {}
        self._failures: dict[Id, ImageFailure] = {}
        self._runtimes: list[dict[str, Any]] = []
        # Whoever closes it need not be the thread that opened it.
        self._lock = FileLock(f"{path}.lock", thread_local=False)
        self._synced = 0.0
        self._open(restart)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self._offsets)

    def __contains__(self, image_id: Id) -> bool:
        return image_id in self._offsets

    @property
    def failures(self) -> dict[Id, ImageFailure]:
        """The pictures in which nothing could be found, of this run."""
        return dict(self._failures)

    @property
    def runtimes(self) -> tuple[dict[str, Any], ...]:
        """What ran the model, each different one once."""
        return tuple(self._runtimes)

    def checksum(self, image_id: Id) -> int | None:
        """CRC-32 of the picture that was looked at."""
        return self._checksums.get(image_id)

    def forget(self, image_id: Id) -> None:
        """Have a picture run again."""
        self._offsets.pop(image_id, None)
        self._checksums.pop(image_id, None)

    def add(self, image_id: Id, prediction: Prediction, checksum: int) -> None:
        """Write what was found in one picture."""
        self._add_runtime(prediction.runtime)
        self._append(image_id, _row(image_id, prediction, checksum), checksum)

    def add_failure(
        self, image_id: Id, size: tuple[int, int], error: str, unreadable: bool
    ) -> None:
        """Write why nothing could be found; the picture is run again when this is taken up."""
        row = {
            "image": image_id,
            "crc": None,
            "size": list(size),
            "error": error,
            "unreadable": unreadable,
        }
        self._failures[image_id] = ImageFailure(error, unreadable)
        self._append(image_id, row, None)

    def read(self, image_id: Id) -> ImagePredictions | None:
        """What was found in a picture; None if it has not been run.

        Raises:
            InputError: the file was damaged since it was written.
        """
        offset = self._offsets.get(image_id)
        if offset is None:
            return None
        self._file.seek(offset)
        try:
            return _found(json.loads(self._file.readline()))
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise InputError(
                f"The predictions of {self.key.model} on disk are damaged. Run it again from the "
                "start (--restart)."
            ) from error

    def instances(self, image_id: Id, threshold: float = 0.0) -> Instances:
        """What was found in a picture, for a viewer; none if it has not been run."""
        found = self.read(image_id)
        if found is None:
            return Instances.from_rows([])
        return to_instances(found, self.key.labels).at(threshold)

    def sync(self) -> None:
        """Make sure that what was written stays."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Write what is left and let others write."""
        with contextlib.suppress(ValueError, OSError):
            self.sync()
        self._file.close()
        self._lock.release()

    def _open(self, restart: bool) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
        except Timeout:
            raise BusyError(
                f"Another run writes the predictions of {self.key.model} there. Wait for its end, "
                "or name another output folder."
            ) from None
        except OSError as error:
            raise _unwritable(error) from error
        try:
            good = 0 if restart else self._take_up()
            self._file = self.path.open("r+b" if good else "w+b")
            self._file.truncate(good)
            if not good:
                self._line({"instseg_predictions": VERSION, **self.key.to_dict()})
                self.sync()
        except OSError as error:
            self._lock.release()
            raise _unwritable(error) from error

    def _take_up(self) -> int:
        """Read where the pictures' lines are; the bytes of the file that are good."""
        if not self.path.is_file():
            return 0
        with self.path.open("rb") as file:
            header = file.readline()
            if not self._is_mine(header):
                return 0
            good = len(header)
            for line in iter(file.readline, b""):
                if not line.endswith(b"\n") or not self._take_line(line, good):
                    break
                good += len(line)
        self.taken_up = len(self._offsets)
        return good

    def _is_mine(self, header: bytes) -> bool:
        try:
            before = json.loads(header)
        except ValueError:
            before = None
        wanted = {"instseg_predictions": VERSION, **self.key.to_dict()}
        if not isinstance(before, dict):
            self.begun_anew = "The predictions that were there cannot be read."
        elif before != wanted:
            names = [name for name in wanted if before.get(name) != wanted[name]]
            self.begun_anew = f"The predictions that were there are of another {_said(names[0])}."
        return before == wanted

    def _take_line(self, line: bytes, offset: int) -> bool:
        """Whether a line is whole; its place is kept. Only its end and its beginning are read."""
        if not line.startswith(_PREFIX):
            try:
                self._runtimes.append(json.loads(line)["runtime"])
            except (ValueError, KeyError, TypeError):
                return False
            return True
        if not line.endswith(b"}\n"):
            return False
        try:
            head = line[:400].decode("utf-8", "ignore")
            image_id, end = json.JSONDecoder().raw_decode(head, len(_PREFIX))
            checksum = json.JSONDecoder().raw_decode(head, end + len(', "crc": '))[0]
        except ValueError:
            return False
        if isinstance(checksum, int):
            self._offsets[image_id], self._checksums[image_id] = offset, checksum
        return True

    def _append(self, image_id: Id, row: dict[str, Any], checksum: int | None) -> None:
        self._file.seek(0, os.SEEK_END)
        offset = self._file.tell()
        self._line(row)
        self._offsets[image_id] = offset
        if checksum is not None:
            self._checksums[image_id] = checksum
        if time.monotonic() > self._synced + _SYNC_S:
            self.sync()
            self._synced = time.monotonic()

    def _add_runtime(self, runtime: Runtime) -> None:
        values = asdict(runtime)
        same = [{**one, **_CHANGING} for one in self._runtimes]
        if {**values, **_CHANGING, "notes": list(runtime.notes)} not in same:
            row = {**values, "notes": list(runtime.notes)}
            self._runtimes.append(row)
            self._file.seek(0, os.SEEK_END)
            self._line({"runtime": row})

    def _line(self, value: dict[str, Any]) -> None:
        try:
            self._file.write(json.dumps(value, allow_nan=False).encode() + b"\n")
            self._file.flush()
        except OSError as error:
            raise _unwritable(error) from error


# Figures of a runtime that differ between two runs of the same.
_CHANGING = {"load_ms": 0.0, "first_run_ms": 0.0, "memory_mb": 0.0}


def to_instances(found: ImagePredictions, labels: tuple[str, ...]) -> Instances:
    """The instances of one picture."""
    masks = [found.mask(i) for i in range(len(found.counts))]
    return instances_of(found.class_ids.tolist(), found.scores.tolist(), found.boxes, masks, labels)


def coco_results(dataset: Dataset, predictions: Predictions, mapping: CategoryMap) -> Iterator[str]:
    """The predictions as a COCO results list, piece by piece, in the order of the data set.

    Ids are the data set's; classes that stand for none of its categories are left out.
    """
    targets = mapping.array()
    yield "["
    comma = ""
    for entry in dataset.images:
        found = predictions.read(entry.id)
        if found is None:
            continue
        for i, class_id in enumerate(found.class_ids.tolist()):
            if class_id >= len(targets) or targets[class_id] < 0:
                continue
            category_id = mapping.categories[targets[class_id]].id
            box = found.boxes[i].tolist()
            row = coco_result(entry.id, category_id, found.scores[i], found.mask(i), box)
            yield comma + "\n" + json.dumps(row)
            comma = ","
    yield "\n]\n"


def _row(image_id: Id, prediction: Prediction, checksum: int) -> dict[str, Any]:
    found = prediction.instances
    # A box without numbers is no box, and no JSON either; its mask counts all the same.
    boxes = np.where(np.isfinite(found.boxes), found.boxes, 0).astype(np.float64)
    return {
        "image": image_id,
        "crc": checksum,
        "size": [prediction.height, prediction.width],
        "model_ms": round(prediction.timings.latency, 3),
        "class": found.class_ids.tolist(),
        "score": [number(score) for score in found.scores],
        "box": [_xywh(*box) for box in boxes.tolist()],
        "mask": [mask["counts"] for mask in found.masks],
    }


def _xywh(x0: float, y0: float, x1: float, y1: float) -> list[float]:
    return [round(value, 4) for value in (x0, y0, x1 - x0, y1 - y0)]


def _found(row: dict[str, Any]) -> ImagePredictions:
    return ImagePredictions(
        size=(row["size"][0], row["size"][1]),
        class_ids=np.array(row.get("class", ()), np.int32),
        scores=np.array(row.get("score", ()), np.float64),
        boxes=np.array(row.get("box", ()), np.float64).reshape(-1, 4),
        counts=row.get("mask", []),
        latency_ms=float(row.get("model_ms", 0.0)),
        error=str(row.get("error", "")),
    )


def _unwritable(error: OSError) -> InputError:
    return InputError("The predictions could not be written.", remedy=system_said(error))


def _said(name: str) -> str:
    return _NAMES.get(name, name)


def is_written(folder: Path) -> bool:
    """Whether somebody holds predictions in that folder, in this process or another one."""
    for path in folder.glob("*.lock"):
        try:
            with FileLock(path, timeout=0):
                pass
        except (Timeout, OSError):
            return True
    return False

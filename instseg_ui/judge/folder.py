"""A judgement on disk: the photos' names, what the models found, the answers.

    judged/photos.json            names and sizes of the photos, models, settings
    judged/predictions/0.jsonl    what the first model found, and so on
    judged/answers.jsonl          the answers as they were given

The photos themselves stay where they are.
"""

from __future__ import annotations

import json
import math
import os
import zlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from instseg_ui import masks
from instseg_ui.comparison.objects import MIN_IOU
from instseg_ui.errors import InputError, WorkerError, system_said
from instseg_ui.evaluate.predictions import Predictions, RunKey
from instseg_ui.images import Image
from instseg_ui.judge.candidates import MOST_PHOTOS, Candidates, JudgedPhoto, find_candidates
from instseg_ui.judge.judgement import Judgement
from instseg_ui.segmenter import Segmenter

VERSION = 1
_HEAD = "photos.json"
_LARGEST_HEAD = 20_000_000
_MOST_PIXELS = 2**31

OnPhoto = Callable[[str, int], None]
"""Told of the model and how many photos it has seen."""


def begin(
    folder: Path,
    photos: Iterable[tuple[str, Image]],
    models: Sequence[str],
    segmenter: Segmenter,
    *,
    min_iou: float = MIN_IOU,
    on_photo: OnPhoto = lambda model, done: None,
) -> None:
    """Run the models on the photos and write what they found to a new folder.

    A photo on which a model fails is left out for all of them.

    Args:
        photos: their names, all different, and pixels; each is read once.
        models: catalog ids, all ready to run.
        segmenter: runs them at its floor.

    Raises:
        InputError: there is a judgement in the folder already, it cannot be written, or there is
            nothing to judge.
        ModelError: a model cannot be loaded.
    """
    if (folder / _HEAD).exists():
        raise InputError(
            "There is a judgement in that folder already. Go on there, or name a new one."
        )
    keys = [_key(segmenter, model) for model in models]
    rows: list[dict[str, Any]] = []
    with ExitStack() as stack:
        stores = [
            stack.enter_context(Predictions(_predictions(folder, i), key, restart=True))
            for i, key in enumerate(keys)
        ]
        for done, (name, image) in enumerate(photos, start=1):
            if done > MOST_PHOTOS:
                raise InputError(f"Expected at most {MOST_PHOTOS:,} photos to judge by.")
            row = _run(name, image, keys, stores, segmenter, on_photo, done)
            rows += [row] if row else []
    if not rows:
        raise InputError("No photo could be looked at, so there is nothing to judge.")
    head = {"instseg_judge": VERSION, "models": list(models), "min_iou": min_iou, "photos": rows}
    _write(folder / _HEAD, head)


def candidates_in(folder: Path) -> Candidates:
    """What the models found, matched.

    Raises:
        InputError: there is no judgement in the folder, or it was damaged.
    """
    head = _head(folder)
    models = [str(name) for name in head["models"]]
    with ExitStack() as stack:
        stores = [stack.enter_context(_stored(folder, i)) for i in range(len(models))]
        photos = [_photo(row, stores) for row in head["photos"]]
    return find_candidates(models, photos, min_iou=head["min_iou"])


def resume(folder: Path) -> Judgement:
    """The judgement in a folder, with the answers so far.

    Raises:
        InputError: there is none, or it was damaged.
        BusyError: it is open in another process.
    """
    return Judgement(candidates_in(folder), folder / "answers.jsonl")


def _run(
    name: str,
    image: Image,
    keys: Sequence[RunKey],
    stores: Sequence[Predictions],
    segmenter: Segmenter,
    on_photo: OnPhoto,
    done: int,
) -> dict[str, Any] | None:
    found = []
    for key in keys:
        on_photo(key.model, done)
        try:
            found.append(segmenter.segment(image, key.model))
        except WorkerError:
            return None
    checksum = zlib.crc32(image.pixels.tobytes())
    for store, prediction in zip(stores, found, strict=True):
        store.add(name, prediction, checksum)
    return {"name": name, "width": found[0].width, "height": found[0].height}


def _key(segmenter: Segmenter, model: str) -> RunKey:
    facts = segmenter.store.folder(segmenter.catalog.get(model))
    settings = segmenter.settings
    return RunKey(
        model,
        facts.content,
        facts.labels,
        "judge",
        settings.floor,
        settings.max_instances,
        settings.device,
        settings.engine,
    )


def _predictions(folder: Path, index: int) -> Path:
    return folder / "predictions" / f"{index}.jsonl"


def _stored(folder: Path, index: int) -> Predictions:
    """The predictions as they are: the key is the file's own, so that nothing begins anew."""
    path = _predictions(folder, index)
    try:
        with path.open("rb") as file:
            head = json.loads(file.readline(_LARGEST_HEAD))
        head.pop("instseg_predictions")
        key = RunKey(**head | {"labels": tuple(map(str, head["labels"]))})
        if not {*map(type, head["labels"])} <= {str}:
            raise ValueError
    except OSError as error:
        raise _damaged(system_said(error)) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _damaged() from error
    return Predictions(path, key)


def _photo(row: Any, stores: Sequence[Predictions]) -> JudgedPhoto:
    try:
        name, width, height = row["name"], row["width"], row["height"]
    except (KeyError, TypeError) as error:
        raise _damaged() from error
    sides = type(width) is int and type(height) is int and min(width, height) > 0
    if not isinstance(name, str) or not sides or width * height > _MOST_PIXELS:
        raise _damaged()
    found = []
    for store in stores:
        kept = store.read(name)
        if kept is None or tuple(kept.size) != (height, width):
            raise _damaged()
        if not all(masks.is_valid(kept.mask(i), height, width) for i in range(len(kept.counts))):
            raise _damaged()
        try:
            found.append(store.instances(name))
        except (ValueError, IndexError, TypeError) as error:
            raise _damaged() from error
    return JudgedPhoto(name, width, height, tuple(found))


def _head(folder: Path) -> dict[str, Any]:
    path = folder / _HEAD
    if not path.is_file():
        raise InputError(
            "There is no judgement in that folder. Begin one: instseg judge begin PHOTOS "
            "--model A --model B --output FOLDER"
        )
    try:
        if path.stat().st_size > _LARGEST_HEAD:
            raise _damaged()
        head = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError("The judgement cannot be read.", remedy=system_said(error)) from error
    except (ValueError, RecursionError) as error:
        raise _damaged() from error
    if not isinstance(head, dict) or head.get("instseg_judge") != VERSION:
        raise _damaged()
    iou = head.get("min_iou")
    lists = all(isinstance(head.get(key), list) for key in ("models", "photos"))
    if not lists or not isinstance(iou, int | float) or not math.isfinite(iou):
        raise _damaged()
    return head


def _write(path: Path, value: object) -> None:
    """In one step: a reader finds all of it or nothing."""
    draft = path.with_suffix(".draft")
    try:
        with draft.open("w", encoding="utf-8") as file:
            file.write(json.dumps(value, ensure_ascii=True, allow_nan=False))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise InputError(
            "The judgement could not be written.", remedy=system_said(error)
        ) from error


def _damaged(remedy: str = "") -> InputError:
    return InputError("The judgement in that folder is damaged. Begin it again.", remedy=remedy)

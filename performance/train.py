"""`python -m performance.train`: what is learned from 20 photos of a class that is not known.

    python -m performance.train --images DIR --annotations TRAIN.json --test TEST.json --name dress

Some photos with the class teach; mask AP on other photos (of TEST, with the class and without) is
printed against the time of training, for the recipe of `instseg train` and for the same recipe
from an untrained head. Then what the start model's own classes lost, on the product's example data
set and on `--old` ones. Checks are not part of the time. `--cpu` counts the processor's time of
the training alone, for a machine that has other work; else it is the clock's.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from instseg_ui.evaluate import CategoryMap, Dataset, open_coco
from instseg_ui.numbers import percent
from instseg_ui.settings import Settings
from instseg_ui.train.request import TrainingRequest, checked
from instseg_ui.train.session import tuned
from instseg_ui.variables import read_settings
from performance.machine import hardware, load_average
from performance.table import table

CHECKS = 4
EXAMPLES = "examples/instances.json"


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if not options.inside:
        # Some of what makes training fast is read when a process starts.
        command = [sys.executable, "-m", "performance.train", "--inside", *sys.argv[1:]]
        return subprocess.run(
            command, env={**os.environ, **tuned(options.threads)}, check=False
        ).returncode
    machine = hardware()
    print(f"{machine['cpu']}, {machine['cores']} cores, load {load_average():.1f}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        measure(options, Path(folder))
    return 0


def measure(options: argparse.Namespace, folder: Path) -> None:
    """Both trainings, and what is printed of them."""
    settings = read_settings()
    training = subset(options.annotations, options.name, options.photos, 0, options.seed)
    testing = subset(options.test, options.name, options.test_photos // 2, options.test_photos,
                     options.seed)  # fmt: skip
    paths = [folder / "training.json", folder / "testing.json"]
    for path, document in zip(paths, (training, testing), strict=True):
        path.write_text(json.dumps(document), encoding="utf-8")
    learn, test = (open_coco(options.images, path) for path in paths)
    print(f"{len(learn.images)} photos with {len(learn.truths)} x {options.name} teach; "
          f"{len(test.images)} others with {len(test.truths)} test.")  # fmt: skip
    for scratch in (False, True):
        request = checked(
            images=options.images, annotations=paths[0], start=options.start,
            folder=settings.assets / "models" / options.start.lower(), output=folder / "model",
            minutes=options.minutes, seed=options.seed, threads=options.threads, scratch=scratch,
        )  # fmt: skip
        _one(request, learn, test, settings, options)


def _one(
    request: TrainingRequest,
    learn: Dataset,
    test: Dataset,
    settings: Settings,
    options: argparse.Namespace,
) -> None:
    """Train once, print AP against time and what the old classes lost."""
    from instseg_ui.train.checks import lesson_of
    from instseg_ui.train.gain import AFTER, ap_of
    from instseg_ui.train.held_out import Judge
    from instseg_ui.train.network.graph import PaddleModel
    from instseg_ui.train.network.weights import read_folder
    from instseg_ui.train.tutor import Tutor

    start = read_folder(request.folder, request.start)
    lesson = lesson_of(learn, start.spec.classes, keep_classes=True)
    with tempfile.TemporaryDirectory() as folder:
        judge = Judge(test, settings, Path(folder))
        tutor = Tutor(request, settings, learn, lesson, start, judge)
        fit = tutor.begin(lesson.photos, lesson.photos, 60 * request.minutes)
        fit.clock.now = time.process_time if options.cpu else time.monotonic
        rows: list[list[str]] = []

        def check(model: PaddleModel) -> float:
            spent = fit.clock.spent
            ap = ap_of(judge.result(AFTER, [(model, range(len(test.images)))]))
            rows.append([f"{spent / 60:.1f}", str(fit.clock.epoch), percent(ap)])
            print("  ".join(rows[-1]), flush=True)
            fit.clock.start()
            return ap

        fit.check, fit.checks, fit.patience = check, CHECKS, CHECKS
        fit.run(lambda: False, lambda now: None, lambda: None)
        kind = "processor" if options.cpu else "clock"
        title = "from an untrained head" if request.scratch else f"from {request.start}"
        print(f"\n{options.name}, {title}, seed {request.seed}, {request.threads} thread(s)")
        print(table([f"minutes ({kind})", "rounds", "mask AP"], rows))
        taught = tutor.network(fit.best)
        if not request.scratch:
            for path in [settings.assets / EXAMPLES, *options.old]:
                _print_old(path, options.images, start, taught, settings, Path(folder))


def _print_old(
    path: Path, images: Path, start: object, taught: object, settings: Settings, folder: Path
) -> None:
    """AP of the start model's classes on a data set, before and after."""
    from instseg_ui.train.held_out import Judge

    near = path.parent if (path.parent / "instances.json").is_file() else images
    dataset = open_coco(near, path)
    judge = Judge(dataset, settings, folder)
    every = range(len(dataset.images))
    results = [judge.result("old", [(one, every)]) for one in (start, taught)]  # type: ignore[list-item]
    known = CategoryMap.by_name(dataset.categories, start.spec.classes).known()  # type: ignore[attr-defined]
    pairs = zip(*(one.by_class("mask") for one in results), known, strict=True)
    rows = [
        [before.category.name, str(before.objects), percent(before.ap), percent(after.ap)]
        for before, after, there in pairs
        if there and before.objects
    ]
    print(f"\nOld classes on {path.name}, {len(dataset.images)} photos")
    print(table(["class", "objects", "AP before", "AP after"], rows), flush=True)


def subset(path: Path, name: str, having: int, photos: int, seed: int) -> dict:
    """Some photos of a COCO document with the objects of one class: `having` of them have some."""
    document = json.loads(path.read_text(encoding="utf-8"))
    category = next((one for one in document["categories"] if one["name"] == name), None)
    if category is None:
        raise SystemExit(f"{path.name} has no category {name}.")
    objects = [one for one in document["annotations"] if one["category_id"] == category["id"]]
    there = {one["image_id"] for one in objects}
    order = np.random.default_rng(seed).permutation(len(document["images"])).tolist()
    images = [document["images"][i] for i in order]
    chosen = [one for one in images if one["id"] in there][:having]
    chosen += [one for one in images if one["id"] not in there][: max(0, photos - len(chosen))]
    ids = {one["id"] for one in chosen}
    kept = [one for one in objects if one["image_id"] in ids]
    return {"images": chosen, "annotations": kept, "categories": [category]}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--images", type=Path, required=True, help="folder of the photos")
    add(
        "--annotations", type=Path, required=True, help="COCO file that photos to learn from are of"
    )
    add("--test", type=Path, required=True, help="COCO file of other photos")
    add("--name", required=True, help="the class")
    add(
        "--old", type=Path, nargs="*", default=[], help="COCO files with classes of the start model"
    )
    add("--start", default="everyday-M", help="an embedded model")
    add("--photos", type=int, default=20, help="that teach")
    add("--test-photos", type=int, default=40, help="that test; half of them have the class")
    add("--minutes", type=float, default=10.0)
    add("--threads", type=int, default=2)
    add("--seed", type=int, default=0)
    add("--cpu", action="store_true", help="count the processor's time instead of the clock's")
    add("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())

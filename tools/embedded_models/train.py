"""Train an embedded model, for a given time.

    python -m tools.embedded_models.train --model everyday-M --data DIR --out DIR --until 14:05

`DIR` of the data holds `instances_{train,valid}.json` (COCO format; see `dataset.load_photos` for
what an image may say about its classes) and the photos they name. Each epoch, a fixed number of
samples, ends in `OUT/last.pt`, written in one step; `--resume` goes on from there. The schedule
follows the clock: it ends annealed when the time is over, however fast the machine was.
"""

import argparse
import json
import math
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader

from instseg_ui.train.augment import Augmentation
from instseg_ui.train.network.spec import MODELS
from tools.embedded_models import checkpoint, inference, unfold
from tools.embedded_models.checkpoint import TrainingState
from tools.embedded_models.dataset import Batch, Photo, PhotoDataset, collate, load_photos
from tools.embedded_models.losses import losses
from tools.embedded_models.network import Network
from tools.embedded_models.validate import validate

WARM_UP_STEPS = 200
FINAL_RATE = 0.02  # of the peak learning rate
CALM_SHARE = 0.15  # of the time, at the end, without mosaics and with little change of scale
GRADIENT_NORM = 10.0
STATISTICS = 24  # samples on which batch statistics of given weights are measured


@dataclass(frozen=True)
class Clock:
    """Turns the time into the share of the schedule that is done."""

    done: float  # share that earlier runs did
    began: float  # `time.monotonic` of this run's begin
    seconds: float  # of this run

    def progress(self) -> float:
        """From 0 to 1, and beyond."""
        passed = (time.monotonic() - self.began) / max(self.seconds, 1e-6)
        return self.done + (1 - self.done) * passed


def main() -> None:
    """Parse the command line and train."""
    options = _parser().parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    classes = MODELS[options.model].classes
    training = load_photos(options.data, "train", classes)
    validation = load_photos(options.data, "valid", classes)[:: options.validate_stride]

    state = _start(training, options)
    path = options.out / "last.pt"
    resumes = options.resume and path.exists()
    epoch, done = state.restore(path) if resumes else (0, 0.0)
    clock = Clock(done, time.monotonic(), _seconds(options))
    while clock.progress() < 1:
        began = time.monotonic()
        report = _train_epoch(epoch, training, state, clock, options)
        epoch += 1
        state.save(path, epoch, min(1.0, clock.progress()))
        report |= {"epoch": epoch, "progress": clock.progress()}
        report |= {"seconds": time.monotonic() - began}
        if epoch % options.validate_every == 0 or clock.progress() >= 1:
            report |= validate(state.average.module, validation)
        _log(report, options.out / "log.jsonl")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--model", choices=sorted(MODELS), required=True)
    add("--data", type=Path, required=True)
    add("--out", type=Path, required=True)
    add("--start", type=Path, help="an .npz of `weights` or `recover`, instead of ImageNet's")
    add("--seed", type=int, default=0)
    add("--resume", action="store_true")
    time_limit = parser.add_mutually_exclusive_group(required=True)
    time_limit.add_argument("--minutes", type=float, help="from now to the end of the schedule")
    time_limit.add_argument("--until", help="HH:MM, UTC, at which the schedule ends")
    add("--samples", type=int, default=800, help="an epoch")
    add("--batch", type=int, default=8)
    add("--rate", type=float, default=1e-3, help="peak learning rate of the new layers")
    add("--size", type=int, default=416, help="side of a training image, pixels")
    add("--early-size", type=int, default=320, help="the same in the early part")
    add("--early-share", type=float, default=0.6, help="of the schedule that is early")
    add("--flat-share", type=float, default=0.4, help="of the schedule at the peak rate")
    add("--repeat-threshold", type=float, default=0.5, help="see `dataset.repeat_factors`")
    add("--threads", type=int, default=2)
    add("--validate-every", type=int, default=8, help="epochs")
    add("--validate-stride", type=int, default=4, help="use every n-th validation photo")
    return parser


def _seconds(options: argparse.Namespace) -> float:
    """How long this run may take."""
    if options.minutes is not None:
        return options.minutes * 60
    now = datetime.now(UTC)
    hour, minute = map(int, options.until.split(":"))
    end = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    if end <= now:
        end += timedelta(days=1)
    return (end - now).total_seconds()


def _start(training: list[Photo], options: argparse.Namespace) -> TrainingState:
    """ImageNet's backbone and the rest random, or what `--start` gives."""
    model = Network(MODELS[options.model])
    model.backbone.load_imagenet()
    if options.start is not None:
        dataset = _dataset(training, 1.0, options)
        images = torch.stack([dataset[index].image for index in range(STATISTICS)])
        unfold.load(model, options.start, inference.normalise(images))
    return checkpoint.start(model, options.rate)


def _rate_factor(progress: float, step: int, flat: float) -> float:
    """Linear warm-up, then flat until `flat` of the training, then half a cosine to FINAL_RATE."""
    warm_up = min(1.0, (step + 1) / WARM_UP_STEPS)
    falling = min(max(0.0, (progress - flat) / (1 - flat)), 1.0)
    return warm_up * (FINAL_RATE + (1 - FINAL_RATE) * (1 + math.cos(math.pi * falling)) / 2)


def _augmentation(progress: float, options: argparse.Namespace) -> Augmentation:
    """Small images early; late, when samples should look like photos, only mild changes."""
    size = options.early_size if progress < options.early_share else options.size
    if progress < 1 - CALM_SHARE:
        return Augmentation(size)
    # As large as at run time, where the short side decides and not the long one.
    alike = MODELS[options.model].target_size[0] / size
    return Augmentation(
        size,
        mosaic=0.0,
        paste=0.3,
        scale=(0.8 * alike, 1.5 * alike),
        rotation=5.0,
        stretch=0.05,
    )


def _dataset(
    photos: list[Photo], progress: float, options: argparse.Namespace, epoch: int = 0
) -> PhotoDataset:
    return PhotoDataset(
        photos,
        MODELS[options.model].classes,
        _augmentation(progress, options),
        options.samples,
        options.repeat_threshold,
        (options.seed, epoch),
    )


def _train_epoch(
    epoch: int,
    photos: list[Photo],
    state: TrainingState,
    clock: Clock,
    options: argparse.Namespace,
) -> dict[str, float]:
    """Train on `--samples` samples or until the time is over; returns the mean of each loss."""
    state.model.train()
    loader = DataLoader(
        _dataset(photos, clock.progress(), options, epoch),
        options.batch,
        drop_last=True,
        num_workers=1,
        prefetch_factor=4,
        collate_fn=collate,
    )
    totals: dict[str, float] = {}
    steps = 0
    for batch in loader:
        progress = clock.progress()
        if progress >= 1:
            break
        step = epoch * len(loader) + steps
        factor = _rate_factor(progress, step, options.flat_share)
        for name, value in _step(state, batch, factor).items():
            totals[name] = totals.get(name, 0.0) + value
        steps += 1
    means = {name: value / max(steps, 1) for name, value in totals.items()}
    return means | {"samples": steps * options.batch, "size": batch.images.shape[-1]}


def _step(state: TrainingState, batch: Batch, factor: float) -> dict[str, float]:
    """One step at `factor` of the peak rates; returns the losses."""
    model, optimizer = state.model, state.optimizer
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * factor
    with torch.autocast("cpu", torch.bfloat16):
        raw = model(inference.normalise(batch.images))
    parts = losses(raw, model.controller, batch)
    optimizer.zero_grad()
    sum(parts.values()).backward()
    nn.utils.clip_grad_norm_(model.parameters(), GRADIENT_NORM)
    optimizer.step()
    state.average.update_parameters(model)
    return {name: value.item() for name, value in parts.items()}


def _log(report: dict[str, float], path: Path) -> None:
    """Print a line of JSON, and keep it."""
    line = json.dumps({name: round(value, 4) for name, value in report.items()})
    print(line, flush=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")


if __name__ == "__main__":
    main()

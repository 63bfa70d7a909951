"""Train the demo network.

    python -m tools.demo_model.train --data DIR --out DIR --seed 0

`DIR` of the data holds `instances_{train,valid}.json` (COCO polygons, one class) and the photos
they name. Each epoch ends in `OUT/last.pt`, written in one step; `--resume` goes on from there.
"""

import argparse
import json
import math
import time
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader

from tools.demo_model import checkpoint, inference, metrics, spec
from tools.demo_model.augment import Augmentation
from tools.demo_model.checkpoint import TrainingState
from tools.demo_model.dataset import CatDataset, Photo, collate, load_photos
from tools.demo_model.losses import losses
from tools.demo_model.network import DemoNetwork

WARM_UP_STEPS = 200
FINAL_RATE = 0.02  # of the peak learning rate
CALM_SHARE = 0.15  # of the epochs, at the end, without mosaics and with little change of scale
GRADIENT_NORM = 10.0


def main() -> None:
    """Parse the command line and train."""
    options = _parser().parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    training = load_photos(options.data, "train")
    validation = load_photos(options.data, "valid")[:: options.validate_stride]

    state = checkpoint.start(options.rate)
    path = options.out / "last.pt"
    done = state.restore(path) if options.resume and path.exists() else 0
    for epoch in range(done, options.epochs):
        began = time.perf_counter()
        report = _train_epoch(epoch, training, state, options)
        report |= {"epoch": epoch + 1, "seconds": time.perf_counter() - began}
        state.save(path, epoch + 1)
        if (epoch + 1) % options.validate_every == 0 or epoch + 1 == options.epochs:
            report |= validate(state.average.module, validation, options.data)
        print(json.dumps({name: round(value, 4) for name, value in report.items()}), flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--epochs", type=int, default=31)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument(
        "--rate", type=float, default=1e-3, help="peak learning rate of the new layers"
    )
    parser.add_argument("--size", type=int, default=416, help="side of a training image, pixels")
    parser.add_argument(
        "--early-size", type=int, default=320, help="the same during the early epochs"
    )
    parser.add_argument(
        "--early-share", type=float, default=0.83, help="share of the epochs that are early"
    )
    parser.add_argument(
        "--flat-share", type=float, default=0.5, help="share of the epochs at the peak rate"
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--validate-every", type=int, default=4, help="epochs")
    parser.add_argument(
        "--validate-stride", type=int, default=3, help="use every n-th validation photo"
    )
    return parser


def _rate_factor(progress: float, step: int, flat: float) -> float:
    """Linear warm-up, then flat until `flat` of the training, then half a cosine to FINAL_RATE."""
    warm_up = min(1.0, (step + 1) / WARM_UP_STEPS)
    falling = max(0.0, (progress - flat) / (1 - flat))
    return warm_up * (FINAL_RATE + (1 - FINAL_RATE) * (1 + math.cos(math.pi * falling)) / 2)


def _augmentation(epoch: int, options: argparse.Namespace) -> Augmentation:
    """Small images early; late, when samples should look like photos, only mild changes."""
    size = options.early_size if epoch < options.early_share * options.epochs else options.size
    if epoch < (1 - CALM_SHARE) * options.epochs:
        return Augmentation(size)
    return Augmentation(size, mosaic=0.0, scale=(0.8, 1.3), rotation=5.0, stretch=0.05)


def _train_epoch(
    epoch: int, photos: list[Photo], state: TrainingState, options: argparse.Namespace
) -> dict[str, float]:
    """Go through the photos once; returns the mean of each loss."""
    model, optimizer = state.model, state.optimizer
    model.train()
    dataset = CatDataset(photos, _augmentation(epoch, options), options.seed, epoch)
    loader = DataLoader(
        dataset,
        options.batch,
        shuffle=True,
        drop_last=True,
        num_workers=1,
        prefetch_factor=4,
        collate_fn=collate,
        generator=torch.Generator().manual_seed(options.seed * 100_003 + epoch),
    )
    totals: dict[str, float] = {}
    for index, (images, boxes, masks, foreground) in enumerate(loader):
        step = epoch * len(loader) + index
        factor = _rate_factor(step / (options.epochs * len(loader)), step, options.flat_share)
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * factor
        with torch.autocast("cpu", torch.bfloat16):
            raw = model(inference.normalise(images))
        parts = losses(raw, model.controller, boxes, masks, foreground)
        optimizer.zero_grad()
        sum(parts.values()).backward()
        nn.utils.clip_grad_norm_(model.parameters(), GRADIENT_NORM)
        optimizer.step()
        state.average.update_parameters(model)
        for name, value in parts.items():
            totals[name] = totals.get(name, 0.0) + value.item() / len(loader)
    return totals


def validate(model: DemoNetwork, photos: list[Photo], data: Path) -> dict[str, float]:
    """Mask and box precision on some of the validation photos in the folder `data`."""
    model.eval()
    results = []
    for photo in photos:
        prepared = inference.preprocess(photo.pixels, spec.TARGET_SIZE)
        with torch.autocast("cpu", torch.bfloat16):
            found = inference.detect(model, prepared)
        results += metrics.coco_results(
            photo.image_id, found.boxes.numpy(), found.scores.numpy(), found.masks.numpy()
        )
    ids = [photo.image_id for photo in photos]
    annotations = data / "instances_valid.json"
    mask = metrics.average_precision(annotations, results, "segm", ids)
    box = metrics.average_precision(annotations, results, "bbox", ids)
    return {
        "mask_AP": mask["AP"],
        "mask_AP50": mask["AP50"],
        "mask_AP75": mask["AP75"],
        "box_AP": box["AP"],
    }


if __name__ == "__main__":
    main()

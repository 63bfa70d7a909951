"""What stands around a measurement: the machine, the images, what must be there before it."""

from __future__ import annotations

import json
import platform
from contextlib import suppress
from dataclasses import dataclass

import cv2
import psutil

from instseg_ui import __version__
from instseg_ui.benchmark.records import Answer, ImageFacts, Machine
from instseg_ui.engines import MODES, EngineRequest
from instseg_ui.errors import Cancelled, InputError
from instseg_ui.exports.overlay import overlay
from instseg_ui.images import Image, decode
from instseg_ui.palette import class_colors
from instseg_ui.prediction_json import to_json
from instseg_ui.results import Prediction
from instseg_ui.settings import Settings
from instseg_ui.workers.hardware import hardware
from instseg_ui.workers.worker import IsCancelled, Worker, start_server

THRESHOLD = 0.5
"""Lowest score drawn where the answer is the overlay."""


@dataclass(frozen=True, slots=True, repr=False)
class PhotoFile:
    """An image file's bytes: each run decodes them anew."""

    name: str
    data: bytes


def encode(image: Image, prediction: Prediction, answer: Answer) -> bytes:
    """The answer as it would leave the service."""
    if answer == "json":
        return json.dumps(to_json(prediction), ensure_ascii=False).encode()
    colors = class_colors(prediction.classes)
    drawn = overlay(image.pixels, prediction.instances, threshold=THRESHOLD, colors=colors)
    return cv2.imencode(".jpg", drawn)[1].tobytes()


def image_facts(photo: PhotoFile, settings: Settings) -> ImageFacts:
    """What a photo is; raises `ImageError`, its name in the sentence, if it cannot be decoded."""
    try:
        image = decode(photo.data, settings, photo.name)
    except InputError as error:
        raise type(error)(f"{photo.name}: {error}") from error
    return ImageFacts(image.name, image.width, image.height, len(photo.data), image.digest)


def machine(settings: Settings) -> Machine:
    """The machine as it is and as the settings use it."""
    found = hardware()
    return Machine(
        cpu=str(found["cpu"]),
        cores=int(str(found["cores"])),
        memory_mb=float(str(found["memory_mb"])),
        system=str(found["system"]),
        device=settings.device,
        threads=settings.threads,
        workers=len(settings.devices),
        load=round(psutil.getloadavg()[0], 2),
        versions={"instseg-ui": __version__, "python": platform.python_version()},
    )


def import_once(settings: Settings, cancelled: IsCancelled) -> None:
    """Have what all workers share imported: a service pays for it once, no model's cold start."""
    start_server()
    request = EngineRequest("fake", settings.assets, "start", labels=())
    worker = Worker(request, load_timeout=settings.load_timeout, run_timeout=1)
    try:
        with suppress(Cancelled):
            worker.load(lambda stage: None, cancelled)
    finally:
        worker.close()


def checked_engine(name: str) -> str:
    """`name` as an engine mode; raises `InputError` if there is none of that name."""
    if name not in MODES:
        raise InputError(f"Expected one of the engines {', '.join(MODES)}, got “{name[:40]}”.")
    return name

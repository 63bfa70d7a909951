"""A deterministic engine without weights, for tests and for trying the page without Paddle.

Every connected patch of a saturated colour is an instance: red, green or blue by its
strongest channel, with a score from how much of its box it fills. `fake.json` in
the model folder can make it slow (`delay_s`), refuse to load (`load_error`), fail
(`run_error`) or end its process (`exit_code`). The first `good_runs` runs are spared:
the warm-up is one, so 1 lets the model load and fail on its first image.
"""

from __future__ import annotations

import json
import os
import time

import cv2
import numpy as np
import numpy.typing as npt

from instseg_ui.engines.base import EngineRequest, Output
from instseg_ui.errors import LoadError, WorkerError
from instseg_ui.masks import encode_crop
from instseg_ui.results import Instance, Instances

LABELS = ("red", "green", "blue")
_SATURATED = 80
_SMALLEST = 16
_CHANNEL_OF_CLASS = (2, 1, 0)


class FakeEngine:
    """Connected colour patches as instances."""

    def __init__(self, request: EngineRequest) -> None:
        self.name = "fake"
        self.versions = {"opencv": cv2.__version__}
        self.notes: tuple[str, ...] = ()
        self._labels = request.labels or LABELS
        script = request.folder / "fake.json"
        self._script: dict[str, object] = json.loads(script.read_text()) if script.is_file() else {}
        self._runs = 0
        if "load_error" in self._script:
            raise LoadError(str(self._script["load_error"]))

    def run(self, pixels: npt.NDArray[np.uint8], floor: float, limit: int) -> Output:
        """See `Engine.run`."""
        start = time.perf_counter()
        self._follow_script()
        ready = time.perf_counter()
        instances = Instances.from_rows(self._find(pixels)).at(floor).limit(limit)
        end = time.perf_counter()
        return Output(instances, 0.0, (ready - start) * 1e3, (end - ready) * 1e3)

    def _follow_script(self) -> None:
        self._runs += 1
        if self._runs <= int(str(self._script.get("good_runs", 0))):
            return
        time.sleep(float(str(self._script.get("delay_s", 0))))
        if "exit_code" in self._script:
            os._exit(int(str(self._script["exit_code"])))
        if "run_error" in self._script:
            raise WorkerError(str(self._script["run_error"]))

    def _find(self, pixels: npt.NDArray[np.uint8]) -> list[Instance]:
        strongest = pixels.argmax(axis=2)
        saturated = pixels.max(axis=2).astype(int) - pixels.min(axis=2) >= _SATURATED
        rows = []
        for class_id, channel in enumerate(_CHANNEL_OF_CLASS):
            patches = (saturated & (strongest == channel)).astype(np.uint8)
            rows += self._patches(patches, class_id % len(self._labels))
        return rows

    def _patches(self, patches: npt.NDArray[np.uint8], class_id: int) -> list[Instance]:
        count, numbers, stats, _ = cv2.connectedComponentsWithStats(patches)
        rows = []
        for i in range(1, count):
            x, y, width, height, area = (int(value) for value in stats[i])
            if area < _SMALLEST:
                continue
            crop = numbers[y : y + height, x : x + width] == i
            score = round(0.3 + 0.69 * area / (width * height), 4)
            box = (float(x), float(y), float(x + width), float(y + height))
            rle = encode_crop(crop, (x, y), (patches.shape[0], patches.shape[1]))
            rows.append(Instance(class_id, self._labels[class_id], score, box, area, rle))
        return rows

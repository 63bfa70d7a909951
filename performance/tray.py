"""`python -m performance.tray`: photos into the tray and through models, with the memory it takes.

The photos are large JPEGs made here. What is measured is what the page does: the thumbnails, then
every model on every photo, then one export of all. Memory is the peak of this process (which holds
what the web process would) and of the models' processes together.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
import psutil

from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from instseg_ui.ui.shared.services import Services
from instseg_ui.ui.workbench import archive, batch, intake
from instseg_ui.ui.workbench.tray import THRESHOLD, Tray
from performance.machine import hardware, load_average
from performance.table import table

_EVERY_S = 0.1


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    folder = Path(tempfile.mkdtemp())
    try:
        files = [
            _photo(folder / f"photo-{i}.jpg", options.width, options.height, i)
            for i in range(options.photos)
        ]
        rows = _measured(files, options.models, folder)
    finally:
        shutil.rmtree(folder)
    machine = hardware()
    print(
        f"{options.photos} photos of {options.width} x {options.height} px, "
        f"{len(options.models)} models; {machine['cpu']}, {machine['cores']} cores, "
        f"load {load_average():.1f}"
    )
    print(table(["step", "s", "peak MB, this process", "peak MB, all"], rows))
    return 0


def _measured(files: Sequence[Path], models: Sequence[str], folder: Path) -> list[list[str]]:
    with Segmenter(Settings()) as segmenter:
        services, tray = Services(segmenter), Tray(())
        brought = [intake.Brought(path, path.name) for path in files]
        least = dict.fromkeys(models, THRESHOLD)
        return [
            _row("into the tray", lambda: intake.take_in(tray, brought, segmenter.settings)),
            _row("all models", lambda: batch.run(services, tray, models, "one", None)),
            _row(
                "one export",
                lambda: archive.archive(
                    services, tray, models, "coco", least, None, "one", folder / "out"
                ),
            ),
        ]


def _row(name: str, work: Callable[[], Iterable[object]]) -> list[str]:
    watch = _Watch()
    started = time.perf_counter()
    for _step in work():
        pass
    elapsed = time.perf_counter() - started
    own, everything = watch.stop()
    return [name, f"{elapsed:.3g}", f"{own:.0f}", f"{everything:.0f}"]


class _Watch:
    """The most memory (RSS, MB) of this process, and with its children, while it runs."""

    def __init__(self) -> None:
        self._most = [0.0, 0.0]
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> tuple[float, float]:
        """End it; what was seen."""
        self._ended.set()
        self._thread.join()
        return self._most[0], self._most[1]

    def _look(self) -> None:
        me = psutil.Process()
        while not self._ended.wait(_EVERY_S):
            own = me.memory_info().rss / 1e6
            others = 0.0
            for child in me.children(recursive=True):
                try:
                    others += child.memory_info().rss / 1e6
                except psutil.Error:
                    continue
            self._most = [max(self._most[0], own), max(self._most[1], own + others)]


def _photo(path: Path, width: int, height: int, seed: int) -> Path:
    """A JPEG of soft shapes and noise, as large as a camera's."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 255, (height // 40, width // 40, 3), dtype=np.uint8)
    large = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    cv2.imwrite(str(path), large, [cv2.IMWRITE_JPEG_QUALITY, 92])
    return path


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--width", type=int, default=4000)
    parser.add_argument("--height", type=int, default=3000)
    parser.add_argument("--models", nargs="+", default=["everyday-S"])
    return parser


if __name__ == "__main__":
    sys.exit(main())

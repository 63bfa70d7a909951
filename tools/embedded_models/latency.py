"""Wall time of single predictions, and what the process needed at most."""

import resource
import time
from pathlib import Path

import cv2
import numpy as np

from tools.embedded_models import spec
from tools.embedded_models.predict import PaddleXModel

WARM_UP_RUNS = 5


def measure(
    model: PaddleXModel, photo: Path, size: tuple[int, int], runs: int
) -> dict[str, object]:
    """Time `runs` predictions of `photo`, decoded and resized beforehand to `size` (width, height).

    The time is PaddleX's whole `predict` on an array: resizing, network, masks, postprocessing.
    """
    pixels = cv2.resize(cv2.imread(str(photo)), size)
    times = []
    for _ in range(WARM_UP_RUNS + runs):
        began = time.perf_counter()
        result = model.run(pixels, spec.SCORE_THRESHOLD)
        times.append((time.perf_counter() - began) * 1000)
    times = times[WARM_UP_RUNS:]
    return {
        "size": list(size),
        "runs": runs,
        "objects": len(result["boxes"]),
        "p50_ms": round(float(np.percentile(times, 50)), 1),
        "p95_ms": round(float(np.percentile(times, 95)), 1),
        "least_ms": round(min(times), 1),
    }


def peak_rss_mb() -> int:
    """The largest resident set of this process so far, in 10^6 bytes (Linux counts in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 // 1_000_000

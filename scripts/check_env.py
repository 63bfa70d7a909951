"""Checks the environment it runs in: one OpenCV, one Paddle, one ONNX Runtime, no conflicts.

Two OpenCV packages write over each other's files in `cv2/`; which one is then
imported depends on the order of installation. The same holds for the others.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Collection
from importlib.metadata import distributions

ONLY_ONE = {
    "OpenCV": (
        "opencv-python",
        "opencv-python-headless",
        "opencv-contrib-python",
        "opencv-contrib-python-headless",
    ),
    "Paddle": ("paddlepaddle", "paddlepaddle-gpu"),
    "ONNX Runtime": ("onnxruntime", "onnxruntime-gpu"),
}
# Installed without what they ask for: see requirements-readers.txt.
ALONE = ("labelme", "supervision")


def problems(installed: Collection[str]) -> list[str]:
    """One sentence for each library of `ONLY_ONE` that is missing or there twice."""
    found = {name: [p for p in packages if p in installed] for name, packages in ONLY_ONE.items()}
    return [
        f"Exactly one {name} must be installed, there is {' and '.join(packages) or 'none'}."
        for name, packages in found.items()
        if len(packages) != 1
    ]


def main() -> int:
    names = {d.metadata["Name"].lower().replace("_", "-") for d in distributions()}
    errors = problems(names)
    pip = subprocess.run(
        [sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False
    )
    if pip.returncode:
        lines = pip.stdout.strip().splitlines()
        errors += [line for line in lines if line.split()[0] not in ALONE]
    if errors:
        sys.stderr.write("\n".join([*errors, "Start afresh: make clean, then make setup.", ""]))
    return bool(errors)


if __name__ == "__main__":
    sys.exit(main())

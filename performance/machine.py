"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version

from instseg_ui import __version__
from instseg_ui.workers.hardware import hardware

__all__ = ["hardware", "load_average", "stack"]

PACKAGES = ("paddlepaddle", "paddlex", "numpy", "opencv-contrib-python", "pycocotools", "pillow")


def stack() -> dict[str, str]:
    """Versions of what computed the figures."""
    found = {"instseg-ui": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def load_average() -> float:
    """Processes that wanted a core over the last minute."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0

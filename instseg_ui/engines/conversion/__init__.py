"""From a PaddleX model folder to ONNX parts that run without Paddle.

Runs in a process of its own, `python -m instseg_ui.engines.conversion`: the converter can abort
the process that it is in. What is named here can be read without importing Paddle.
"""

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

CUTS = ("detr", "rcnn", "yoloe", "solo", "nms")
"""Recipes that cut graphs of a known structure, the best first."""
WHOLE = "whole"
"""The untouched graph: the fallback of every family that the converter can read."""
RECIPES = (*CUTS, WHOLE)
LIBRARIES = ("paddle2onnx", "onnx", "paddlepaddle")


def versions() -> dict[str, str]:
    """Of the libraries that convert."""
    return {name: version(name) for name in LIBRARIES}


@cache
def recipes_digest() -> str:
    """Changes when the recipes or their tails do, so that what older ones made is not used."""
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for file in sorted([*here.rglob("*.py"), *(here.parent / "tails").rglob("*.py")]):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]

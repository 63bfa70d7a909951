"""Fakes that ship: scenes with known objects and test models that find them. Importing it does not
import Paddle.
"""

from .broken import BREAKAGES, break_model
from .models import build_test_model, build_test_models, build_variants, copy_test_model
from .options import CANDIDATES, EXAMPLE_NAMES, FAMILIES, Family, ModelOptions, family_of
from .oracle import OracleAnswer, OracleJob, run_paddlex
from .scenes import (
    BACKGROUND,
    CLASS_COLORS,
    DEFAULT_GRID,
    DEFAULT_LABELS,
    Scene,
    SceneInstance,
    make_scene,
)

__all__ = [
    "BACKGROUND",
    "BREAKAGES",
    "CANDIDATES",
    "CLASS_COLORS",
    "DEFAULT_GRID",
    "DEFAULT_LABELS",
    "EXAMPLE_NAMES",
    "FAMILIES",
    "Family",
    "ModelOptions",
    "OracleAnswer",
    "OracleJob",
    "Scene",
    "SceneInstance",
    "break_model",
    "build_test_model",
    "build_test_models",
    "build_variants",
    "copy_test_model",
    "family_of",
    "make_scene",
    "run_paddlex",
]

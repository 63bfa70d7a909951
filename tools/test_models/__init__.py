"""Fakes that ship: scenes with known objects and test models that find them. Importing it does not
import Paddle.
"""

from tools.test_models.broken import BREAKAGES, break_model
from tools.test_models.models import (
    build_test_model,
    build_test_models,
    build_variants,
    copy_test_model,
)
from tools.test_models.options import (
    CANDIDATES,
    EXAMPLE_NAMES,
    FAMILIES,
    Family,
    ModelOptions,
    family_of,
)
from tools.test_models.oracle import OracleAnswer, OracleJob, run_paddlex
from tools.test_models.scenes import (
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

"""The weights store: where model folders lie, and how the official ones get there."""

from instseg_ui.catalog.model_folder import FolderFacts, inspect_folder
from instseg_ui.weights.meter import FetchProgress
from instseg_ui.weights.plan import FetchPlan, ModelState, ModelStatus
from instseg_ui.weights.store import WeightsStore

__all__ = [
    "FetchPlan",
    "FetchProgress",
    "FolderFacts",
    "ModelState",
    "ModelStatus",
    "WeightsStore",
    "inspect_folder",
]

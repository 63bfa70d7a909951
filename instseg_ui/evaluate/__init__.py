"""Models measured against annotated pictures.

    dataset = open_dataset("cats.zip")
    evaluation = evaluate(dataset, ["demo-cats"], segmenter, Path("output"))
    evaluation.results[0].summary().ap

`importers` reads data sets, `running` runs models, `scoring` counts; `cases` leads from a figure to
its pictures, `reporting` writes what is taken away.
"""

from instseg_ui.evaluate.builder import Watch
from instseg_ui.evaluate.cases import (
    CASE_KINDS,
    Case,
    CasePage,
    Query,
    find_cases,
    found_in,
    images_of,
    picture_of,
    truth_in,
)
from instseg_ui.evaluate.category_map import CategoryMap
from instseg_ui.evaluate.dataset import Category, Dataset, ImageEntry, Truth
from instseg_ui.evaluate.evaluation import Options, evaluate, mapping_of, summarize
from instseg_ui.evaluate.findings import Finding, Severity
from instseg_ui.evaluate.importers import open_coco, open_dataset
from instseg_ui.evaluate.predictions import Predictions, coco_results, is_written
from instseg_ui.evaluate.results import Evaluation, ModelResult
from instseg_ui.evaluate.run import EvaluationProgress, for_evaluation, open_predictions

__all__ = [
    "CASE_KINDS",
    "Case",
    "CasePage",
    "Category",
    "CategoryMap",
    "Dataset",
    "Evaluation",
    "EvaluationProgress",
    "Finding",
    "ImageEntry",
    "ModelResult",
    "Options",
    "Predictions",
    "Query",
    "Severity",
    "Truth",
    "Watch",
    "coco_results",
    "evaluate",
    "find_cases",
    "for_evaluation",
    "found_in",
    "images_of",
    "is_written",
    "mapping_of",
    "open_coco",
    "open_dataset",
    "open_predictions",
    "picture_of",
    "summarize",
    "truth_in",
]

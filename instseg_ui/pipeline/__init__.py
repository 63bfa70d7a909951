"""PaddleX's Python interface: `create_pipeline`, `predict`, results that print and save themselves.

A script written for PaddleX runs after its import line is changed. What differs, and why, is in
`docs/python.md`.
"""

from instseg_ui.pipeline.config import NAME, PipelineConfig, read_config
from instseg_ui.pipeline.pipeline import Pipeline, create_pipeline
from instseg_ui.pipeline.result import Masks, Result, file_stem

__all__ = [
    "NAME",
    "Masks",
    "Pipeline",
    "PipelineConfig",
    "Result",
    "create_pipeline",
    "file_stem",
    "read_config",
]

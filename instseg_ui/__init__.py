"""Try, compare and take away PaddleX's instance segmentation models."""

__version__ = "0.1.0"

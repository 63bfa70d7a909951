"""Measures this product against PaddleX's own path, in one run on one machine.

`python -m performance` prints four tables: time from an image file to a result file on both
sides, memory with and without loaded models, and the parts that masks and drawing take.
"""

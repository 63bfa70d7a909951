"""Imported once by the process that workers are forked from, so that each starts at once.

Importing starts no thread and loads no model; a worker's memory is then its own model's.
"""

import contextlib
import logging
import warnings

# Paddle misses a compiler cache that nothing here compiles with.
warnings.filterwarnings("ignore", "No ccache found")

with contextlib.suppress(ImportError):  # a worker says what is missing, in a sentence
    # First: it sets the environment that PaddleX reads when it is imported.
    import instseg_ui.engines.paddle  # noqa: F401, I001
    import paddle  # noqa: F401
    import paddlex
    import paddlex.inference.models  # noqa: F401

# Its notices are about batches, and a run takes one image.
logging.getLogger("paddlex").setLevel(logging.ERROR)

"""High-performance mode: models converted once, held against Paddle, and timed on this machine."""

from instseg_ui.hpi.parity import Parity
from instseg_ui.hpi.prepare import Preparer
from instseg_ui.hpi.record import Record
from instseg_ui.hpi.store import ConvertedStore

__all__ = ["ConvertedStore", "Parity", "Preparer", "Record"]

"""What this machine has for the product, what is wrong with it, and how to mend that."""

from instseg_ui.doctor.finding import Finding, State
from instseg_ui.doctor.report import examine

__all__ = ["Finding", "State", "examine"]

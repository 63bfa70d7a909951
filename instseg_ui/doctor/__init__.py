"""What this machine has for the product, what is wrong with it, and how to mend that."""

from instseg_ui.doctor.diagnosis import Diagnosis, State
from instseg_ui.doctor.report import examine

__all__ = ["Diagnosis", "State", "examine"]

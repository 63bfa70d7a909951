"""What has which colour: classes, instances, scores. Python chooses, the browser is told.

Colours are `#rrggbb`. They are chosen as normal eyes and three kinds of colour-blind ones see
them; see `vision`.
"""

from instseg_ui.palette.classes import class_colors, nth
from instseg_ui.palette.instances import instance_colors
from instseg_ui.palette.scores import SCORE_SCALE

__all__ = ["SCORE_SCALE", "class_colors", "instance_colors", "nth"]

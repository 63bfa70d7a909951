"""About how many more pictures would tell two models apart, from the width of an interval."""

from __future__ import annotations

import math
from collections.abc import Sequence

from instseg_ui.verdict.accuracy import Accuracy, Difference

# The interval must exclude zero, and do so in four of five repetitions:
# (z(0.975) + z(0.8))^2 / z(0.975)^2, the usual sum for the size of a sample.
_POWER = ((1.960 + 0.842) / 1.960) ** 2
_MOST_TIMES = 20
_LEAST = 10


def more_pictures(accuracy: Accuracy, differences: Sequence[Difference | None]) -> int | None:
    """How many more pictures (or answers) of the same kind the closest rival asks for.

    An interval narrows with the square root of the pictures. None where all differences are sure,
    where nothing is known of one, or where it would take more than twenty times as many: the
    models are then as good as equal, or the difference that was found is mere chance.
    """
    open_ones = [one for one in differences if one is None or not one.sure]
    if not open_ones or accuracy.n <= 0:
        return None
    needed = 0.0
    for one in open_ones:
        if one is None or one.estimate <= 0:
            return None
        half = (one.high - one.low) / 2
        needed = max(needed, accuracy.n * _POWER * (half / one.estimate) ** 2)
    more = needed - accuracy.n
    if more > _MOST_TIMES * accuracy.n:
        return None
    return _rounded(max(more, _LEAST))


def _rounded(count: float) -> int:
    """To one significant digit up to 100, and to two from there on, up."""
    step = 10 ** max(1, math.floor(math.log10(count)) - 1)
    return math.ceil(count / step) * step

"""Numbers as the page writes them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instseg_ui.numbers import megabytes, milliseconds, score, seconds, three, times


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1234.5, "1,230"),
        (999.6, "1,000"),
        (99.96, "100"),
        (9.996, "10.0"),
        (12.345, "12.3"),
        (0.012345, "0.0123"),
        (0.00009996, "0.000100"),
        (-1234.5, "-1,230"),
        (float("nan"), "—"),
        (float("inf"), "—"),
    ],
)
def test_three_digits(value, text):
    assert three(value) == text


@given(st.floats(min_value=1e-6, max_value=1e9))
def test_three_digits_are_within_half_a_percent(value):
    assert float(three(value).replace(",", "")) == pytest.approx(value, rel=0.00501)


def test_units():
    assert milliseconds(9994) == "9,990 ms"
    assert milliseconds(12_345) == "12.3 s"
    assert megabytes(999.4) == "999 MB"
    assert megabytes(78_700) == "78.7 GB"
    assert seconds(61.4) == "61 s"


@pytest.mark.parametrize(
    ("value", "text"), [(0.5, "0.5×"), (6.24, "6.2×"), (9.96, "10×"), (1234.5, "1,234×")]
)
def test_a_gain_is_short(value, text):
    assert times(value) == text


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0.5499995, 2, "0.54"),
        (float(np.float32(0.55)), 2, "0.55"),
        (float(np.float32(0.7)), 2, "0.70"),
        (0.29, 2, "0.29"),
        (0.9999, 3, "0.999"),
        (1.0, 2, "1.00"),
        (0.0, 2, "0.00"),
        (1e-9, 2, "0.00"),
    ],
)
def test_a_score_never_reads_as_more_than_it_is(value: float, decimals: int, text: str) -> None:
    assert score(value, decimals) == text

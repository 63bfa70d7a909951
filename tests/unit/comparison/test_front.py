"""The points that none beats."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from instseg_ui.comparison.front import Point, front

numbers = st.integers(1, 9).map(float)


@given(st.lists(st.tuples(numbers, numbers), max_size=12))
def test_the_front_is_what_no_point_beats(values: list[tuple[float, float]]) -> None:
    all_points = [Point(str(i), cost, worth) for i, (cost, worth) in enumerate(values)]

    def beaten(one: Point) -> bool:
        return any(
            other.cost <= one.cost and other.worth >= one.worth and other[1:] != one[1:]
            for other in all_points
        )

    kept = front(all_points)
    assert {point.model for point in kept} == {p.model for p in all_points if not beaten(p)}
    assert [point.cost for point in kept] == sorted(point.cost for point in kept)

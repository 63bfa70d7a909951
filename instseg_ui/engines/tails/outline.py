"""Stretched maps' outlines at a level, without the pixels on either side of them.

Between two rows of cells a column of pixels runs straight from one node (the row's value at the
column) to the next, so that it passes a level there once or not at all, and where it does follows
from the two nodes. Only where four cells do not agree does anything happen; and only where a
crossing or a node is so near a pixel or the level that rounding could tell does it matter how a
pixel's value is rounded. Such pixels are asked for, and everything else is decided by its cells.

Many maps are looked at together: most are small, and numpy's calls would cost more than their work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from instseg_ui.masks import Edges, edges_of_crop, settled

Map: TypeAlias = npt.NDArray[np.float32]
Mask: TypeAlias = npt.NDArray[np.bool_]
Indices: TypeAlias = npt.NDArray[np.intp]
Changes: TypeAlias = tuple[Indices, Indices, Indices]
"""Map, column and row of places where a mask changes; columns and rows of the map's window."""

_ROUNDING = np.float32(12 * 2**-24)
"""By what share of the largest cell around it two ways to round one pixel may differ."""
_WEIGHT = 2e-5
"""How far a library's weight of a cell may be from the position that it stands for."""
_MOST_ASKED = 0.05
"""Share of the places looked at past which asking for single pixels is no gain."""
_TOGETHER = 1 << 18
"""Cells and places that are looked at together: what a core's own cache holds."""


@dataclass(frozen=True, slots=True)
class Line:
    """How a run of pixels along one axis looks at cells.

    Attributes:
        first: the first pixel, in the image.
        low: (p,) the lower of the two cells that a pixel looks at, in rising order.
        weight: (p,) float32, the upper one's weight.
        outside: how many of the first pixels lie before the first cell's centre.
        slope, offset: cell k lies at pixel `slope * k + offset`, counted from `first`.
    """

    first: int
    low: Indices
    weight: Map
    outside: int
    slope: float
    offset: float


@dataclass(frozen=True, slots=True)
class Spot:
    """Some pixels of one column, between two rows of cells.

    Attributes:
        column: counted from the window's first.
        node: the upper of the two rows of cells.
        first, end: rows of pixels, counted from the window's first.
    """

    column: int
    node: int
    first: int
    end: int


@dataclass(frozen=True, slots=True)
class Stretched:
    """A window of a map that is stretched to an image; background outside of it.

    Attributes:
        cells: (m, k) float32, what the window looks at.
        rows, columns: how its pixels do.
        exactly: the values of spots as the whole stretch has them, to the last bit:
            (end - first,) each.
        whole: all values, (rows, columns) of pixels.
    """

    cells: Map
    rows: Line
    columns: Line
    exactly: Callable[[list[Spot]], list[Map]]
    whole: Callable[[], Map]


@dataclass(frozen=True, slots=True)
class Plain:
    """A window of a stretched map that has too few pixels for its cells to tell anything sooner.

    `column` and `row` are those of its first pixel, `whole` gives all values.
    """

    column: int
    row: int
    whole: Callable[[], Map]


def outlines(
    maps: Iterable[Stretched | Plain | None], level: float, size: tuple[int, int]
) -> list[Edges]:
    """Where each map passes `level`, to the pixel what `whole() > level` gives.

    Args:
        maps: windows of images of `size`; None for one that passes it nowhere. Taken one by one,
            and a few are held at once.
        level: what foreground passes.
        size: height and width of the image, pixels.
    """
    edges = list[Edges]()
    grids = dict[int, _Grid]()
    for number, item in enumerate(maps):
        edges.append(np.zeros(0, np.int64))
        if isinstance(item, Plain):
            edges[number] = _by_pixel(item, level, size)
        elif item:
            grids[number] = _Grid(item, np.float32(level))
            if sum(grid.places + grid.cells.size for grid in grids.values()) > _TOGETHER:
                _fill(edges, grids, level, size)
                grids.clear()
    _fill(edges, grids, level, size)
    return edges


def _fill(
    edges: list[Edges], grids: Mapping[int, _Grid], level: float, size: tuple[int, int]
) -> None:
    """Write the edges of some maps at their numbers."""
    if not grids:
        return
    found = _found(list(grids.values()), level, size)
    for (number, grid), one in zip(grids.items(), found, strict=True):
        item = grid.item
        plain = Plain(item.columns.first, item.rows.first, item.whole)
        edges[number] = _by_pixel(plain, level, size) if grid.given_up else one


def _by_pixel(item: Plain, level: float, size: tuple[int, int]) -> Edges:
    return edges_of_crop(item.whole() > level, (item.column, item.row), size[0])


def _found(grids: list[_Grid], level: float, size: tuple[int, int]) -> list[Edges]:
    """The edges of some maps; nothing for those that were given up."""
    height, span = size[0], size[0] * size[1] + 2
    places = _Places(grids, np.float32(level))
    parts = [
        places.decided(),
        places.asked(),
        *(end for i, g in enumerate(grids) for end in g.ends(i)),
    ]
    owner, column, row = (np.concatenate([part[k] for part in parts]) for k in range(3))
    start = [
        number * span + g.columns.first * height + g.rows.first for number, g in enumerate(grids)
    ]
    edges = column * height
    edges += row
    edges += np.array(start, np.int64)[owner]
    edges.sort()
    # A map's last position is not the next one's first.
    edges = settled(edges)
    bounds = np.searchsorted(edges, np.arange(len(grids) + 1) * span)
    return [
        edges[first:end] - number * span for number, (first, end) in enumerate(pairwise(bounds))
    ]


class _Grid:
    """A map's cells column by column, and the bands of pixels between two columns of them.

    Band 0 lies before the first column, band k before column k, the last one after the last.

    Attributes:
        cells: (k + 2, m) float32.
        begin, widths: (k + 1,) a band's first column of pixels, and how many it has.
        width: the widest band's.
        four: bands and upper cells of the fours that are neither all below nor all above, as
            places of the upper left cell in `cells`.
        places: columns of pixels in those, at most.
        given_up: there is no telling the map's outline by its cells.
    """

    def __init__(self, item: Stretched, level: np.float32) -> None:
        self.item, self.rows, self.columns = item, item.rows, item.columns
        self.level = level
        cells = item.cells
        self.count = cells.shape[0]
        self.cells = np.empty((cells.shape[1] + 2, self.count), np.float32)
        self.cells[1:-1] = cells.T
        self.cells[0], self.cells[-1] = self.cells[1], self.cells[-2]
        scale = max(float(cells.max()), -float(cells.min()), abs(float(level)))
        self.given_up = not np.isfinite(scale)
        self.margin = np.float32(0 if self.given_up else scale) * _ROUNDING
        band = item.columns.low + 1
        band[: item.columns.outside] = 0
        self.band = band
        begin = np.searchsorted(band, np.arange(len(self.cells)))
        self.begin, self.widths = begin[:-1], begin[1:] - begin[:-1]
        self.width = int(self.widths.max())
        self.four = self._mixed()
        self.places = self.width * self.four.size

    def _mixed(self) -> Indices:
        if self.given_up:
            return np.zeros(0, np.intp)
        some, every = self.cells >= self.level - self.margin, self.cells > self.level + self.margin
        self._ends = bool(some[:, 0].any()), bool(some[:, -1].any())
        if self.count == 1 and (some != every).any():
            self.given_up = True
        # On the last cell of a column there is no four.
        found = np.zeros((len(self.cells) - 1, self.count), bool)
        some, every = some[:-1] | some[1:], every[:-1] & every[1:]
        np.logical_or(some[:, :-1], some[:, 1:], out=found[:, :-1])
        found[:, :-1] &= ~(every[:, :-1] & every[:, 1:])
        return np.flatnonzero(found)

    def ends(self, number: int) -> Iterator[Changes]:
        """Columns that are foreground in the window's first row, and in its last."""
        if self.given_up:
            return
        for there, node, row in zip(self._ends, (0, -1), (0, len(self.rows.low)), strict=True):
            if there:
                cells = np.ascontiguousarray(self.cells[:, node])
                one, other = cells[self.band], cells[self.band + 1]
                values = self.columns.weight * (other - one) + (one - self.level)
                column = np.flatnonzero(values > 0)
                yield np.full(column.size, number), column, np.full(column.size, row)

    def scale_of_rows(self) -> tuple[float, float, float]:
        """Slope and offset of the rows, and how far from the level rounding could matter."""
        return self.rows.slope, self.rows.offset, float(self.margin)

    def weights(self, width: int) -> Map:
        """(k + 1, width) float32, of the right column of cells; what is beyond a band is filled."""
        place = self.begin[:, np.newaxis] + np.arange(width)
        return self.columns.weight.take(place, mode="clip")


class _Places:
    """All columns of pixels that lie between four cells which are mixed, of some maps.

    Arrays are (q, g): of q fours, and the g columns of the widest band; or (q,).
    """

    def __init__(self, grids: list[_Grid], level: np.float32) -> None:
        self._grids, self._level = grids, level
        self._width = max(grid.width for grid in grids)
        counts = [grid.four.size for grid in grids]
        self._owner = np.repeat(np.arange(len(grids)), counts)
        cells = np.concatenate([grid.cells.reshape(-1) for grid in grids])
        count = np.array([grid.count for grid in grids])[self._owner]
        place = np.concatenate([grid.four for grid in grids])
        band = place // count
        self._node = place - band * count
        place += _starts([grid.cells.size for grid in grids])[self._owner]
        band += _starts([grid.begin.size for grid in grids])[self._owner]
        self._corners = [cells.take(place + step) for step in (0, count, 1, count + 1)]
        self._begin = np.concatenate([grid.begin for grid in grids])[band]
        weights = np.concatenate([grid.weights(self._width) for grid in grids])[band]
        widths = np.concatenate([grid.widths for grid in grids])[band]
        self._there = np.arange(self._width) < widths[:, np.newaxis]
        # How far the two nodes are from the level, that of the upper row of cells and the lower.
        self._before = _between(self._corners[0], self._corners[1], level, weights)
        self._after = _between(self._corners[2], self._corners[3], level, weights)
        changes = (self._before > 0) != (self._after > 0)
        changes &= self._there
        self._changes = changes.reshape(-1)
        doubtful = np.flatnonzero(self._cross(changes))
        self._asked = doubtful[self._decided_by_rounding(doubtful)] if doubtful.size else doubtful
        self._leave_out()

    def _cross(self, changes: Mask) -> Mask:
        """Find the row past each crossing; which places could be decided by rounding."""
        slopes, offsets, margins = (
            np.array(values)[self._owner]
            for values in zip(*(g.scale_of_rows() for g in self._grids), strict=True)
        )
        base = slopes * self._node + offsets
        whole = np.floor(base)
        self._whole = whole.astype(np.int64)
        part = (base - whole).astype(np.float32)[:, np.newaxis]
        slope = slopes.astype(np.float32)[:, np.newaxis]
        margin = margins.astype(np.float32)[:, np.newaxis]
        with np.errstate(divide="ignore", invalid="ignore"):
            self._step = self._before - self._after
            # Node k is at row slope * k + offset, and the crossing a share of the step past it.
            exact = self._before / self._step
            exact *= slope
            exact += part
            self._row = np.ceil(exact)
            np.subtract(self._row, exact, out=exact)
            # Half a row less what rounding may move a crossing by.
            slack = np.abs(margin * slope / self._step)
            slack += slope * np.float32(_WEIGHT) + np.float32(1e-5 - 0.5)
            exact -= np.float32(0.5)
            near = np.abs(exact) > -slack
        near &= changes
        at_level = np.minimum(np.abs(self._before), np.abs(self._after)) <= margin
        at_level &= self._there
        near |= at_level
        return near

    def _leave_out(self) -> None:
        """Give up the maps of which too much would be asked, and take out what is asked."""
        owner = self._owner[self._asked // self._width]
        asked = np.bincount(owner, minlength=len(self._grids))
        for grid, number in zip(self._grids, asked, strict=True):
            grid.given_up = grid.given_up or bool(number > _MOST_ASKED * grid.places)
        given_up = np.array([grid.given_up for grid in self._grids])
        self._asked = self._asked[~given_up[owner]]
        self._changes[self._asked] = False
        self._given_up = given_up if given_up.any() else None

    def _decided_by_rounding(self, places: Indices) -> Mask:
        """Of doubtful places, with the cells around them and the pixels' own weights."""
        four = places // self._width
        corners = np.abs([corner[four] for corner in self._corners])
        margin = np.maximum(corners.max(axis=0), np.abs(self._level)) * _ROUNDING
        before, after, step = (
            values.reshape(-1)[places] for values in (self._before, self._after, self._step)
        )
        close = np.minimum(np.abs(before), np.abs(after)) <= margin
        first, end = self._ends(four)
        row = self._row.reshape(-1)[places] + self._whole[four]
        row = np.clip(np.nan_to_num(row), first, end).astype(np.int64)
        self._row.reshape(-1)[places] = row - self._whole[four]
        weights = [grid.rows.weight for grid in self._grids]
        # One before and one behind, so that a row beyond a window can be looked up.
        weight = np.concatenate([weights[0][:1], *weights, weights[-1][-1:]])
        start = _starts([part.size for part in weights])[self._owner[four]]
        with np.errstate(divide="ignore", invalid="ignore"):
            share, slack = before / step, margin / np.abs(step)
            late = (row < end) & (weight[start + row + 1] <= share + slack)
            early = (row > first) & (weight[start + row] >= share - slack)
        return close | (self._changes[places] & (late | early))

    def _ends(self, four: Indices) -> tuple[Indices, Indices]:
        """First row and end of the pixels between two rows of cells, map by map."""
        owner, node = self._owner[four], self._node[four]
        first, end = np.empty_like(node), np.empty_like(node)
        for number in np.unique(owner):
            mine = owner == number
            low = self._grids[number].rows.low
            first[mine] = np.searchsorted(low, node[mine])
            # Pixels past the last cell's centre look at it alone.
            last = node[mine] == self._grids[number].count - 2
            end[mine] = np.where(last, len(low), np.searchsorted(low, node[mine] + 1))
        return first, end

    def asked(self) -> Changes:
        """The changes at places that rounding decides, pixel by pixel."""
        found: list[tuple[int, int, int]] = []
        four, part = np.divmod(self._asked, self._width)
        first, end = self._ends(four)
        column, owner = self._begin[four] + part, self._owner[four]
        sides = np.stack(
            [self._before.reshape(-1)[self._asked], self._after.reshape(-1)[self._asked]]
        )
        for number in np.unique(owner):
            mine = np.flatnonzero(owner == number)
            numbers = (values[mine].tolist() for values in (column, self._node[four], first, end))
            spots = [Spot(*values) for values in zip(*numbers, strict=True)]
            lines = iter(self._grids[number].item.exactly([s for s in spots if s.end > s.first]))
            for spot, (side, last) in zip(spots, sides[:, mine].T > 0, strict=True):
                line = next(lines) > self._level if spot.end > spot.first else np.zeros(0, bool)
                line = np.concatenate([[side], line, [last]])
                rows = np.flatnonzero(line[1:] != line[:-1]) + spot.first
                found += [(int(number), spot.column, int(row)) for row in rows]
        owner, column, row = np.array(found, np.int64).reshape(-1, 3).T
        return owner, column, row

    def decided(self) -> Changes:
        """All other changes."""
        places = np.flatnonzero(self._changes)
        four = places // self._width
        if self._given_up is not None:
            kept = ~self._given_up[self._owner[four]]
            places, four = places[kept], four[kept]
        row = self._row.reshape(-1)[places].astype(np.int64)
        row += self._whole[four]
        owner = self._owner[four]
        most = np.array([len(grid.rows.low) for grid in self._grids])
        np.clip(row, 0, most[owner] if np.ptp(most) else most[0], out=row)
        # The column of a place is its band's first one and what is left of the division.
        begin = self._begin - np.arange(len(self._begin)) * self._width
        return owner, begin[four] + places, row


def _starts(sizes: list[int]) -> Indices:
    """Where each of some parts begins when they lie one behind the other."""
    return np.cumsum([0, *sizes[:-1]])


def _between(one: Map, other: Map, level: np.float32, weights: Map) -> Map:
    values = weights * (other - one)[:, np.newaxis]
    values += (one - level)[:, np.newaxis]
    return values

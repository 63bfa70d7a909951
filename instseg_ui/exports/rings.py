"""Several rings as one, for formats whose objects are a single ring.

Rings are joined where they come nearest by a bridge that is walked there and back, so that
it encloses nothing: filled by the even-odd rule, holes stay holes and parts stay apart. Being
the shortest, the bridge to a hole crosses only the object's own pixels. Readers that paint
the border too draw a bridge between parts that are apart as a line one pixel wide.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from instseg_ui.exports.polygons import MIN_IOU, ConnectedPart, Ring, iou, parts, sampled
from instseg_ui.masks import Rle, decode_crop

Points = npt.NDArray[np.float64]

_CHUNK = 1 << 20  # distances held at once
_LEAST = 0.5  # pixels; exact rings do not come nearer to each other, so none is looked for
_MANY = 100  # rings; with more, as in noise, short bridges must do


class _Foot(NamedTuple):
    """A point on a ring: `position` is the index of the vertex before it and the way on, 0..1."""

    position: float
    point: Points


class _Bridge(NamedTuple):
    """The shortest way from ring `parent` to ring `child`."""

    length: float
    parent: int
    child: int
    start: _Foot
    end: _Foot


def rings_of(rle: Rle) -> list[Ring]:
    """One ring for each part of a mask, holes joined to it; none if it is empty.

    Filled one by one and added up they have an IoU of at least 0.98 with the mask.
    """
    crop, origin = decode_crop(rle)
    for found in (parts(rle), parts(rle, min_iou=1)):
        rings = [single_ring([part]) for part in found]
        moved = [ring - origin for ring in rings]
        # Parts have no pixel in common, so the even-odd rule adds them up.
        if not rings or iou(crop, sampled(moved, crop.shape)) >= MIN_IOU:
            break
    return rings


def ring_of(rle: Rle) -> Ring:
    """One ring for all parts of a mask that is not empty; see the module about bridges.

    Filled by the even-odd rule it has an IoU of at least 0.98 with the mask.
    """
    crop, origin = decode_crop(rle)
    ring = single_ring(parts(rle))
    if iou(crop, sampled([ring - origin], crop.shape)) >= MIN_IOU:
        return ring
    return single_ring(parts(rle, min_iou=1))


def single_ring(parts: Sequence[ConnectedPart]) -> Ring:
    """One ring (K, 2) that encloses what at least one part does; x, y in pixels."""
    rings = [ring for part in parts for ring in part.rings]
    inserts: list[list[tuple[float, Ring]]] = [[] for _ in rings]
    # The last joined first: what hangs on a ring is in place before the ring is hung up.
    bridges = _bridges(rings) if len(rings) <= _MANY else _short_bridges(rings)
    for bridge in reversed(bridges):
        loop = _walk(rings[bridge.child], inserts[bridge.child], bridge.end)
        detour = np.vstack((bridge.start.point, loop, bridge.start.point))
        inserts[bridge.parent].append((bridge.start.position, detour))
    return _without_repeats(_walk(rings[0], inserts[0], None))


def _bridges(rings: Sequence[Ring]) -> list[_Bridge]:
    """The shortest tree over all rings, from the first one on (Prim)."""
    low = np.array([ring.min(axis=0) for ring in rings])
    high = np.array([ring.max(axis=0) for ring in rings])
    lengths = np.full(len(rings), np.inf)
    best: dict[int, _Bridge] = {}
    waiting = np.ones(len(rings), bool)
    waiting[0] = False
    tree: list[_Bridge] = []
    newest = 0
    while waiting.any():
        gaps = _gaps(low, high, low[newest], high[newest])
        for child in np.flatnonzero(waiting & (gaps < lengths) & (lengths > _LEAST)).tolist():
            bridge = _nearest(rings, newest, child, lengths[child])
            if bridge is not None:
                best[child], lengths[child] = bridge, bridge.length
        newest = int(np.where(waiting, lengths, np.inf).argmin())
        waiting[newest] = False
        tree.append(best[newest])
    return tree


def _short_bridges(rings: Sequence[Ring]) -> list[_Bridge]:
    """From each ring's first vertex to the nearest vertex of the rings before it."""
    vertices = np.vstack(rings)
    owners = np.repeat(np.arange(len(rings)), [len(ring) for ring in rings])
    firsts = np.searchsorted(owners, np.arange(len(rings)))
    bridges = []
    for child in range(1, len(rings)):
        point = rings[child][0]
        away = vertices[: firsts[child]] - point
        nearest = int(np.einsum("ij,ij->i", away, away).argmin())
        parent = int(owners[nearest])
        start = _Foot(float(nearest - firsts[parent]), vertices[nearest])
        length = float(np.hypot(*away[nearest]))
        bridges.append(_Bridge(length, parent, child, start, _Foot(0.0, point)))
    return bridges


def _gaps(low: Points, high: Points, other_low: Points, other_high: Points) -> Points:
    """Distances between boxes, pixels; what is in them is no nearer than that."""
    apart = np.maximum(np.maximum(low - other_high, other_low - high), 0)
    return np.asarray(np.hypot(apart[..., 0], apart[..., 1]))


def _nearest(rings: Sequence[Ring], parent: int, child: int, limit: float) -> _Bridge | None:
    """The bridge between two rings, None if it is no shorter than `limit`.

    Rings do not cross, so that one end of the shortest way is a vertex.
    """
    first, second = rings[parent], rings[child]
    reach = min(limit, _upper_bound(first, second))
    near, other_near = _edges_near(first, second, reach), _edges_near(second, first, reach)
    if not near.size or not other_near.size:
        return None
    down, vertex, foot = _vertex_to_edge(first, near, second, other_near)
    up, other_vertex, other_foot = _vertex_to_edge(second, other_near, first, near)
    length = min(down, up)
    if length >= limit:
        return None
    if down <= up:
        return _Bridge(length, parent, child, _Foot(vertex, first[vertex]), foot)
    return _Bridge(length, parent, child, other_foot, _Foot(other_vertex, second[other_vertex]))


def _upper_bound(first: Ring, second: Ring) -> float:
    """A length the shortest bridge does not pass: from a promising vertex to the nearest other."""
    vertex = first[_gaps(first, first, second.min(axis=0), second.max(axis=0)).argmin()]
    return float(np.hypot(*(second - vertex).T).min()) + 1e-6


def _edges_near(ring: Ring, other: Ring, reach: float) -> npt.NDArray[np.intp]:
    """Indices of the edges that may come as near to `other` as `reach`."""
    ahead = np.roll(ring, -1, axis=0)
    low, high = np.minimum(ring, ahead), np.maximum(ring, ahead)
    return np.flatnonzero(_gaps(low, high, other.min(axis=0), other.max(axis=0)) <= reach)


def _vertex_to_edge(
    ring: Ring, near: npt.NDArray[np.intp], other: Ring, other_near: npt.NDArray[np.intp]
) -> tuple[float, int, _Foot]:
    """The least distance from a vertex of `ring` to an edge of `other`: how far, which, where.

    Only the edges `other_near` and the ends of the edges `near` are looked at.
    """
    vertices = np.union1d(near, (near + 1) % len(ring))
    starts = other[other_near]
    edges = other[(other_near + 1) % len(other)] - starts
    step = max(1, _CHUNK // len(starts))
    chunks = range(0, len(vertices), step)
    found = [(*_least(ring[vertices[at : at + step]], starts, edges), at) for at in chunks]
    squared, vertex, edge, along, at = min(found, key=lambda entry: entry[0])
    foot = _Foot(float(other_near[edge]) + along, starts[edge] + along * edges[edge])
    return float(np.sqrt(squared)), int(vertices[at + vertex]), foot


def _least(vertices: Points, starts: Points, edges: Points) -> tuple[float, int, int, float]:
    """Squared distance, vertex, edge and the way along the edge (0..1) of the nearest pair."""
    lengths = np.maximum((edges**2).sum(axis=1), 1e-12)
    away = vertices[:, None] - starts
    along = np.clip((away * edges).sum(axis=2) / lengths, 0, 1)
    squared = ((away - along[..., None] * edges) ** 2).sum(axis=2)
    vertex, edge = divmod(int(squared.argmin()), len(starts))
    return float(squared[vertex, edge]), vertex, edge, float(along[vertex, edge])


def _walk(ring: Ring, inserts: list[tuple[float, Ring]], start: _Foot | None) -> Ring:
    """Once around a ring with all its detours, from `start` back to it, or from its first point."""
    begin = start.position if start else 0.0
    pieces = [((i - begin) % len(ring), ring[i][None]) for i in range(len(ring))]
    pieces += [((position - begin) % len(ring), detour) for position, detour in inserts]
    pieces.sort(key=lambda piece: piece[0])
    walked = [points for _, points in pieces]
    if start is not None:
        walked = [start.point[None], *walked, start.point[None]]
    return np.vstack(walked)


def _without_repeats(ring: Ring) -> Ring:
    """Without points that repeat the one before; pycocotools divides by a step's length."""
    moved = np.abs(ring - np.roll(ring, 1, axis=0)).max(axis=1) > 1e-9
    return ring[moved]

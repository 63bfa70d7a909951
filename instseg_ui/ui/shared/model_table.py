"""The catalog as a table to pick from."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from pandas.io.formats.style import Styler

from instseg_ui.catalog import ModelSpec
from instseg_ui.numbers import three
from instseg_ui.segmenter import Segmenter
from instseg_ui.weights import ModelState

HEADERS = (
    "Model",
    "Family",
    "Mask AP",
    "GPU ms",
    "GPU ms, HP",
    "CPU ms",
    "CPU ms, HP",
    "Size MB",
    "State",
)
GAIN = "HP, here"
"""The column of what high-performance mode runs and gains on this machine."""
HEADERS_HERE = (HEADERS[0], GAIN, *HEADERS[2:])
"""The same table with that column in the place of the family."""
DATATYPES = ("str", "str", *["number"] * 6, "str")
WIDTHS = ("26%", "13%", "8%", "8%", "10%", "8%", "10%", "8%", "9%")

_STATES = {
    ModelState.BUNDLED: "bundled",
    ModelState.READY: "ready",
    ModelState.NOT_FETCHED: "not fetched",
    ModelState.BROKEN: "broken",
}


def frame(segmenter: Segmenter, family: str | None = None) -> pd.DataFrame:
    """One row a model in the catalog's order; published figures at three significant digits."""
    loaded = segmenter.loaded()
    specs = [spec for spec in segmenter.catalog if family in (None, spec.family)]
    rows = [_row(segmenter, spec, spec.id in loaded) for spec in specs]
    return pd.DataFrame(rows, columns=list(HEADERS))


def styled(
    segmenter: Segmenter,
    model: str,
    *,
    family: str | None = None,
    gains: Mapping[str, str] | None = None,
) -> Styler:
    """The same rows with `model`'s marked and figures as the page writes them.

    With `gains`, by model, the columns are those of `HEADERS_HERE`.
    """
    table = frame(segmenter, family)
    if gains is not None:
        table["Family"] = [gains.get(name, "—") for name in table["Model"]]
        table = table.rename(columns={"Family": GAIN})
    marked = "background-color: var(--color-accent-soft); font-weight: 600"
    return table.style.apply(
        lambda row: [marked if row.iloc[0] == model else ""] * len(row), axis=1
    ).format(three, subset=list(HEADERS[2:8]), na_rep="—")


def picked(row: list[object] | None) -> str | None:
    """The model of a selected row. Its first cell names it, however rows are sorted."""
    return str(row[0]) if row else None


def _row(segmenter: Segmenter, spec: ModelSpec, loaded: bool) -> list[object]:
    figures, status = spec.published, segmenter.store.status(spec)
    measured = None if status.size_bytes is None else status.size_bytes / 1e6
    return [
        spec.id,
        spec.family,
        _three(figures.mask_ap),
        _three(figures.gpu_normal_ms),
        _three(figures.gpu_hp_ms),
        _three(figures.cpu_normal_ms),
        _three(figures.cpu_hp_ms),
        _three(figures.storage_mb or measured),
        "loaded" if loaded else _STATES[status.state],
    ]


def _three(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.3g}")

"""A colour by score: one scale from dark to bright, read the same by every eye."""

SCORE_SCALE = (
    "#440154",
    "#48186a",
    "#472d7b",
    "#424086",
    "#3b528b",
    "#33638d",
    "#2c728e",
    "#26828e",
    "#21918c",
    "#1fa088",
    "#28ae80",
    "#3fbc73",
    "#5ec962",
    "#84d44b",
    "#addc30",
    "#d8e219",
    "#fde725",
)
"""Viridis at even steps from score 0 to 1 (Smith and van der Walt, Matplotlib, 2015; CC0)."""

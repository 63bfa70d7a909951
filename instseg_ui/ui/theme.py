"""Colours, fonts and the page's own style sheets."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

from instseg_ui.show.stages import STYLE as STAGES_STYLE

STYLE_SHEETS = (Path(__file__).parent / "page.css", STAGES_STYLE)


def theme() -> gr.themes.Base:
    """Gradio's base theme in slate and teal, dense, with fonts that every machine has."""
    return gr.themes.Base(
        primary_hue="teal",
        secondary_hue="slate",
        neutral_hue="slate",
        spacing_size="sm",
        radius_size="md",
        text_size="md",
        font=["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"],
        font_mono=["ui-monospace", "SFMono-Regular", "Menlo", "monospace"],
    ).set(
        # One step darker than the base theme's: small text must be readable on white.
        body_text_color_subdued="*neutral_500",
        body_text_color_subdued_dark="*neutral_400",
    )

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
        # White text on it, and links on the page: 4.5 to 1 and more.
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_hover_dark="*primary_800",
        link_text_color="*primary_700",
        link_text_color_visited="*primary_700",
        link_text_color_dark="*primary_400",
        link_text_color_visited_dark="*primary_400",
    )

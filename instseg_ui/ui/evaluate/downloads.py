"""What is taken away of an evaluation, as files of the session."""

from __future__ import annotations

import secrets
from pathlib import Path

from instseg_ui.errors import InputError
from instseg_ui.settings import Settings
from instseg_ui.show.evaluation_files import to_html, to_json, write_results
from instseg_ui.ui.evaluate.desk import BUSY, Desk


def export(desk: Desk, kind: str, model: str | None, settings: Settings) -> Path:
    """A file of the evaluation: `html`, `json`, or one model's `predictions` as COCO results.

    It lies among the session's files and goes with them.

    Raises:
        InputError: there is nothing yet, a run is under way, or it cannot be written.
    """
    with desk.reading:
        found, files = desk.evaluation, desk.files
        if found is None or files is None or not found.results:
            raise InputError("There is nothing to save yet. Evaluate a model first.")
        if kind != "json" and not desk.readable:
            raise InputError(BUSY)
        name = "".join(c if c.isalnum() or c in "-_" else "-" for c in found.dataset.name)[:60]
        folder = files / secrets.token_hex(20)
        folder.mkdir(parents=True)
        if kind == "predictions":
            result = next((one for one in found.results if one.model == model), found.results[0])
            path = folder / f"{name}-{result.model}.predictions.json"
            write_results(result, path)
            return path
        path = folder / f"{name}-evaluation.{kind}"
        path.write_bytes(to_json(found) if kind == "json" else to_html(found, settings))
        return path

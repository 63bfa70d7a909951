"""What is taken away: the report as HTML and JSON, the predictions as COCO has them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from instseg_ui.errors import InputError, system_said
from instseg_ui.evaluate.export import encoded, to_dict
from instseg_ui.evaluate.predictions import coco_results
from instseg_ui.evaluate.results import Evaluation, ModelResult
from instseg_ui.settings import Settings
from instseg_ui.show.evaluation_report import to_html
from instseg_ui.verdict import Limits, candidates_of, decide, verdict_json


def to_json(evaluation: Evaluation, limits: Limits | None = None) -> bytes:
    """Every figure and the verdict as UTF-8 JSON; shares are 0 to 1, null where there is none."""
    verdict = decide(candidates_of(evaluation), limits)
    return encoded(to_dict(evaluation) | {"verdict": verdict_json(verdict)})


def write_all(
    evaluation: Evaluation, folder: Path, settings: Settings, limits: Limits | None = None
) -> list[Path]:
    """Write `report.json`, `report.html` and each model's predictions; the files written.

    Raises:
        InputError: a file cannot be written.
    """
    written = [
        _write(folder / "report.json", [to_json(evaluation, limits)]),
        _write(folder / "report.html", [to_html(evaluation, settings, limits)]),
    ]
    for one in evaluation.results:
        path = folder / f"{one.model}.predictions.json"
        write_results(one, path)
        written.append(path)
    return written


def write_results(result: ModelResult, path: Path) -> None:
    """One model's predictions as a COCO results list, with the data set's ids; streamed.

    Raises:
        InputError: the file cannot be written.
    """
    pieces = coco_results(result.dataset, result.predictions, result.mapping)
    _write(path, (piece.encode() for piece in pieces))


def _write(path: Path, pieces: Iterable[bytes]) -> Path:
    """Write to a temporary file first: who looks finds a whole file or the one before."""
    beside = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            for piece in pieces:
                file.write(piece)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        sentence = f"“{path.name}” could not be written."
        raise InputError(sentence, remedy=system_said(error)) from error
    return path

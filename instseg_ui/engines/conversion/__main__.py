"""Convert one model folder; progress and the outcome go to standard output as JSON lines.

    python -m instseg_ui.engines.conversion FOLDER OUT RECIPE [RECIPE ...]

Lines: `{"trying": recipe}`, `{"skipped": recipe, "why": sentence}`, `{"done": recipe}`; the why
is empty for a recipe of another family. What the libraries print goes to standard error. Exit code
1 if no recipe of those named fits.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TextIO

from instseg_ui.engines.conversion import WHOLE, versions
from instseg_ui.engines.conversion.refusal import NoMatch, OtherFamily
from instseg_ui.engines.manifest import Manifest, ManifestPart


def main(source: Path, out: Path, names: list[str], report: TextIO) -> int:
    """Write the first recipe of `names` that fits into `out`; 0 if there is one."""
    for name in names:
        _say(report, trying=name)
        try:
            parts, params = _convert(source, out, name)
        except Exception as error:  # noqa: BLE001 - the converters raise anything; it is a reason
            _say(report, skipped=name, why=_reason(name, error))
            continue
        Manifest(name, parts, params, versions()).write(out)
        _say(report, done=name)
        return 0
    return 1


def _convert(
    source: Path, out: Path, name: str
) -> tuple[dict[str, ManifestPart], dict[str, object]]:
    from instseg_ui.engines.conversion import cut
    from instseg_ui.engines.conversion.recipes import recipe

    if name == WHOLE:
        return {"network": cut.write_whole(source, out)}, {}
    return cut.write_parts(source, recipe(name), out)


def _reason(name: str, error: Exception) -> str:
    if isinstance(error, OtherFamily):
        return ""
    if isinstance(error, NoMatch):
        return f"{name} does not fit: {error}."
    lines = [line.strip() for line in str(error).splitlines() if line.strip(" -.:\t")]
    said = lines[-1][:200] if lines else type(error).__name__
    return f"{name} failed: {said.rstrip('.')}."


def _say(report: TextIO, **content: str) -> None:
    report.write(json.dumps(content) + "\n")
    report.flush()


if __name__ == "__main__":
    # The converter prints from its compiled parts too, so the descriptor itself is moved aside.
    messages = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:], messages))

"""`instseg doctor`: what this machine has, what is wrong, how to mend it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from instseg_ui.cli.console import SOME_FAILED, Console, guarded
from instseg_ui.doctor import Diagnosis, State, examine
from instseg_ui.variables import read_settings

_MARKS = {State.OK: "ok   ", State.NOTE: "note ", State.WRONG: "WRONG"}


def doctor(
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Tell what this machine has, what is wrong with it and how to mend it."""
    console = Console()
    findings: list[Diagnosis] = []
    with guarded():
        for finding in examine(read_settings()):
            findings.append(finding)
            if not json:
                _show(finding, console)
        if json:
            console.json([asdict(finding) for finding in findings])
    wrongs = [finding for finding in findings if finding.state is State.WRONG]
    console.say(f"{len(wrongs)} of {len(findings)} things are wrong." if wrongs else "All is well.")
    if wrongs:
        raise typer.Exit(SOME_FAILED)


def _show(finding: Diagnosis, console: Console) -> None:
    console.out(f"{_MARKS[finding.state]} {finding.topic:<20} {finding.found}")
    if finding.remedy:
        console.out(f"{'':<26} -> {finding.remedy}")

"""`python -m performance`: measure both sides here and print the tables."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from instseg_ui.engines import MODES
from instseg_ui.errors import InputError
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import available_cpus
from instseg_ui.variables import read_settings
from performance import machine
from performance.cases import Case, default_cases
from performance.memory import Memory, measure_memory, processes
from performance.micro import COUNT, measure_parts
from performance.ours import settings_for
from performance.pairs import Pair, Plan, measure_pairs
from performance.report import Report

THRESHOLD = 0.5


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        read_settings()  # before anything is measured
    except InputError as error:
        _say(str(error))
        return 2
    with tempfile.TemporaryDirectory() as folder:
        _say("Preparing models and images ...")
        report = measure(options, Path(folder))
    print(report.to_text())
    if options.json:
        print(f"\nWritten: {report.write(options.json).name}")
    return 0


def measure(options: argparse.Namespace, work: Path) -> Report:
    """All tables, with progress on the standard error output; files are made in `work`."""
    load = machine.load_average()
    cases = default_cases(work, options.models, options.images)
    return Report(
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        hardware=machine.hardware(),
        stack=machine.stack(),
        conditions={
            "threads": options.threads,
            "repeats": options.repeats,
            "threshold": THRESHOLD,
            "load_average": round(load, 2),
        },
        memory=_memory(cases, options),
        pairs=_pairs(cases, options, work),
        parts=measure_parts(options.repeats, options.masks),
    )


def _memory(cases: Sequence[Case], options: argparse.Namespace) -> list[Memory]:
    _say("Memory ...")
    return measure_memory(cases, options.threads, processes())


def _pairs(cases: Sequence[Case], options: argparse.Namespace, work: Path) -> list[Pair]:
    plan = Plan(options.threads, options.modes, options.repeats, options.seconds, THRESHOLD, work)
    pairs = []
    folders = [case.folder for case in cases]
    converted = options.converted or work / "converted"
    with Segmenter(settings_for(folders, options.threads, converted)) as segmenter:
        for pair in measure_pairs(segmenter, cases, plan):
            _say(f"{pair.model}, {pair.image}, {pair.mode} ...")
            pairs.append(pair)
    return pairs


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m performance", description=__doc__)
    for name, metavar, text in (
        ("--models", "DIR", "PaddleX inference folders"),
        ("--images", "FILE", "image files"),
    ):
        parser.add_argument(name, metavar=metavar, help=text, nargs="*", type=Path, default=[])
    parser.add_argument("--modes", nargs="+", choices=MODES, default=["normal", "high_performance"])
    parser.add_argument(
        "--converted", metavar="DIR", type=Path, help="keep converted models; else made anew"
    )
    parser.add_argument("--repeats", type=_positive, default=5, help="most turns a pair")
    parser.add_argument("--seconds", type=float, default=10, help="a pair's time, then it ends")
    parser.add_argument("--threads", type=_positive, default=available_cpus())
    parser.add_argument("--masks", type=_positive, default=COUNT, help="masks of the parts table")
    parser.add_argument("--json", type=Path, help="a file, or a folder to name one in")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a number of at least 1, got {text}")
    return number


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

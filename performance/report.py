"""One run's figures, as text and as JSON."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from instseg_ui import results
from performance.figures import Figure, digits
from performance.memory import Memory
from performance.micro import Part
from performance.pairs import Pair
from performance.table import table

STAGES = (*results.STAGES, "json", "draw")
THEIR_STAGES = ("predict", "draw", "json")


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was measured, and on what."""

    date: str
    hardware: dict[str, Any]
    stack: dict[str, str]
    conditions: dict[str, Any]
    pairs: list[Pair]
    memory: list[Memory]
    parts: list[Part]

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2)

    def to_text(self) -> str:
        blocks = [_heading(self), _totals(self.pairs), _stages(self.pairs)]
        blocks += [
            _masks(self.pairs),
            _their_stages(self.pairs),
            _memory(self.memory),
            _parts(self.parts),
        ]
        return "\n\n".join(block for block in blocks if block)

    def write(self, target: Path) -> Path:
        """Write the JSON to a file, or into a folder under a name that tells stack and CPU."""
        if target.is_dir():
            target = target / self._file_name()
        target.write_text(self.to_json() + "\n", encoding="utf-8")
        return target

    def _file_name(self) -> str:
        words = [
            f"paddlex-{self.stack.get('paddlex', 'none')}",
            f"{self.hardware['cpu']} {self.hardware['cores']} cores",
            self.date[:10],
        ]
        return "benchmark-" + "-".join(re.sub(r"[^\w.]+", "-", word) for word in words) + ".json"


def _heading(report: Report) -> str:
    hardware, conditions = report.hardware, report.conditions
    busy = conditions["load_average"] > hardware["cores"] / 2
    noise = "; other work ran beside it: trust the ratios, not the times" if busy else ""
    return "\n".join(
        [
            f"{hardware['cpu']}, {hardware['cores']} cores, {hardware['memory_mb']} MB, "
            f"{hardware['system']}; load average {digits(conditions['load_average'])}{noise}",
            ", ".join(f"{name} {version}" for name, version in report.stack.items()),
            f"{conditions['threads']} threads on both sides (PaddleX's own default is 10), "
            f"threshold {conditions['threshold']}, warm, at most {conditions['repeats']} turns",
        ]
    )


def _totals(pairs: list[Pair]) -> str:
    if not pairs:
        return ""
    head = ["model", "image", "mode", "engine", "PaddleX's mode", "n", "objects", "PaddleX ms"]
    head += ["p10-p90", "ours ms", "p10-p90", "PaddleX/ours", "p10-p90"]
    title = (
        "An image file to a JSON file and a drawn JPEG file "
        "(PaddleX lists a mask pixel by pixel, ours by its runs)"
    )
    return f"{title}\n{table(head, [_total_row(pair) for pair in pairs])}{_errors(pairs)}"


def _total_row(pair: Pair) -> list[str]:
    ours, theirs = pair.ours["total"], pair.paddlex.get("total")
    counts = f"{pair.instances}/{pair.paddlex_instances if theirs else '-'}"
    row = [
        pair.model,
        pair.image,
        pair.mode,
        pair.engine,
        pair.run_mode or "-",
        str(ours.n),
        counts,
    ]
    return [*row, *_cells(theirs), *_cells(ours), *_cells(pair.ratio)]


def _cells(figure: Figure | None) -> list[str]:
    return [digits(figure.median), figure.spread] if figure else ["failed", "-"]


def _errors(pairs: list[Pair]) -> str:
    failed = [pair for pair in pairs if pair.error]
    return "".join(f"\nPaddleX failed on {p.model}, {p.image}: {p.error}" for p in failed)


def _stages(pairs: list[Pair]) -> str:
    if not pairs:
        return ""
    head = ["model", "image", "mode", *STAGES, "worker MB"]
    rows = [
        [pair.model, pair.image, pair.mode, *_medians(pair.ours, STAGES), digits(pair.worker_mb)]
        for pair in pairs
    ]
    return f"Ours by stage, ms, medians (decode with digest; draw with JPEG)\n{table(head, rows)}"


def _masks(pairs: list[Pair]) -> str:
    """From an image file to masks in memory, with what is known of the masks beside it."""
    if not pairs:
        return ""
    head = ["model", "image", "mode", "engine", "PaddleX ms", "ours ms", "PaddleX/ours", "p10-p90"]
    head += ["overhead %", "peak MB", "beside Paddle"]
    return f"An image file to masks in memory\n{table(head, [_mask_row(pair) for pair in pairs])}"


def _mask_row(pair: Pair) -> list[str]:
    theirs = digits(pair.paddlex["predict"].median) if pair.paddlex else "failed"
    ours = sum(pair.ours[name].median for name in ("decode", "masks", "transfer"))
    overhead = digits(100 * pair.overhead.median) if pair.overhead else "-"
    peak = digits(pair.worker_peak_mb) if pair.worker_peak_mb else "-"
    row = [pair.model, pair.image, pair.mode, pair.engine, theirs, digits(ours)]
    return [*row, *_cells(pair.mask_ratio), overhead, peak, pair.parity or "is Paddle's own mode"]


def _their_stages(pairs: list[Pair]) -> str:
    measured = [pair for pair in pairs if pair.paddlex]
    if not measured:
        return ""
    rows = [
        [
            pair.model,
            pair.image,
            pair.mode,
            *_medians(pair.paddlex, THEIR_STAGES),
            digits(pair.paddlex_mb),
        ]
        for pair in measured
    ]
    head = ["model", "image", "mode", *THEIR_STAGES, "process MB"]
    return f"PaddleX by stage, ms, medians\n{table(head, rows)}"


def _medians(figures: dict[str, Figure], names: tuple[str, ...]) -> list[str]:
    return [digits(figures[name].median) for name in names]


def _memory(moments: list[Memory]) -> str:
    if not moments:
        return ""
    head = ["moment", "in memory", "processes", "RSS MB", "PSS MB", "USS MB"]
    rows = [
        [m.moment, " ".join(m.loaded) or "-", str(m.processes)]
        + [digits(megabytes) for megabytes in (m.rss_mb, m.pss_mb, m.uss_mb)]
        for m in moments
    ]
    return f"Memory of all processes, MB of 10^6 bytes\n{table(head, rows)}"


def _parts(parts: list[Part]) -> str:
    if not parts:
        return ""
    head = ["part, 1920 x 1080", "n", "ours ms", "p10-p90", "the usual way", "ms", "p10-p90"]
    rows = [
        [part.name, str(part.ours.n), *_cells(part.ours), part.other_name or "-"]
        + (_cells(part.other) if part.other else ["-", "-"])
        for part in parts
    ]
    return f"Parts\n{table(head, rows)}"

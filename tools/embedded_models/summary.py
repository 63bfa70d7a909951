"""Put the reports of `instseg eval` on the parts of a split together: mask AP by class and model.

    python -m tools.embedded_models.summary OUT/people/report.json OUT/cats/report.json ...

Prints two tables in Markdown, in percent and milliseconds. Each class counts on its own part only;
the mean is over the classes that a model knows.
"""

import argparse
import json
from pathlib import Path


def main() -> None:
    """Parse the command line and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("reports", type=Path, nargs="+")
    paths = parser.parse_args().reports
    reports = {path.parent.name: json.loads(path.read_text(encoding="utf-8")) for path in paths}
    print(accuracy(reports), latency(reports), sep="\n\n")


def accuracy(reports: dict[str, dict]) -> str:
    """Mask AP and AP50 of each class, and their means."""
    found: dict[str, dict[str, tuple[float, float]]] = {}
    objects: dict[str, int] = {}
    for report in reports.values():
        for model in report["models"]:
            for row in model["mask"]["by_class"]:
                if row["name"] in _known(model):
                    of_model = found.setdefault(model["model"], {})
                    of_model[row["name"]] = 100 * row["ap"], 100 * row["ap50"]
                    objects[row["name"]] = row["objects"]
    lines = [_row("class", "objects", *found), _row(*["---"] * (2 + len(found)))]
    for name, count in objects.items():
        lines.append(_row(name, str(count), *(_pair(one.get(name)) for one in found.values())))
    lines.append(_row("mean", "", *(_pair(_mean(list(one.values()))) for one in found.values())))
    return "\n".join(lines)


def latency(reports: dict[str, dict]) -> str:
    """Median latency of each model on each part, with the engine that ran it."""
    lines = [_row("part", "model", "engine", "p50 ms", "p95 ms", "photos"), _row(*["---"] * 6)]
    for part, report in reports.items():
        for model in report["models"]:
            time, engine = model["latency_ms"], model["runtimes"][-1]["engine"]
            figures = f"{time['p50']:.1f}", f"{time['p95']:.1f}", str(time["n"])
            lines.append(_row(part, model["model"], engine, *figures))
    return "\n".join(lines)


def _known(model: dict) -> set[str]:
    """Categories for which the model has a class."""
    return {one["name"] for one in model["mapping"]["categories"] if one["classes"]}


def _mean(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    first, second = zip(*pairs, strict=True)
    return sum(first) / len(pairs), sum(second) / len(pairs)


def _pair(figures: tuple[float, float] | None) -> str:
    return "" if figures is None else f"{figures[0]:.1f} ({figures[1]:.1f})"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()

"""`python -m performance.serving`: PaddleX's HTTP server and ours under load, on one model.

Both servers run for the whole time, with the same threads, and are asked in turns, so that
both meet the same noise of the machine; only one of them has work at any moment. Every
request is run by the model: ours keeps no predictions here.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from time import perf_counter
from typing import Any

import cv2
import httpx
import numpy as np

from instseg_ui.settings import available_cpus
from performance import machine
from performance.cases import DEMO, PHOTO
from performance.figures import Figure, digits
from performance.serving_servers import model_name_of, own_server, paddlex_server
from performance.table import table
from tools.test_models import build_test_model, make_scene

_ENDPOINT = "/instance-segmentation"


@dataclass(frozen=True, slots=True)
class Load:
    """What one side did at one concurrency: requests a second, latencies in milliseconds."""

    per_second: float
    p50: float
    p95: float
    n: int


@dataclass(frozen=True, slots=True)
class Row:
    """Both sides at one concurrency, the drawn image asked for or not.

    `speedup` is PaddleX's time for a turn over ours: over all turns the median, and the 10th and
    90th percentile. On a busy machine it is steadier than the ratio of two medians.
    """

    concurrency: int
    visualize: bool
    paddlex: Load
    ours: Load
    speedup: Figure

    def cells(self) -> list[str]:
        """The row of the table; a ratio above 1 means that ours is better."""
        theirs, ours = self.paddlex, self.ours
        return [
            f"{self.concurrency}{', drawn' if self.visualize else ''}",
            *(digits(value) for value in (theirs.per_second, ours.per_second)),
            f"{digits(self.speedup.median)}x ({self.speedup.spread})",
            *(digits(value) for value in (theirs.p50, ours.p50)),
            f"{digits(theirs.p50 / ours.p50)}x",
            *(digits(value) for value in (theirs.p95, ours.p95)),
            f"{digits(theirs.p95 / ours.p95)}x",
            str(ours.n),
        ]


_HEAD = [
    *(
        "at once",
        "PaddleX/s",
        "ours/s",
        "ratio (p10-p90)",
        "PaddleX p50 ms",
        "ours p50 ms",
        "ratio",
    ),
    *("PaddleX p95 ms", "ours p95 ms", "ratio", "n"),
]


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    facts: dict[str, Any] = machine.hardware() | {
        "stack": machine.stack(),
        "threads": options.threads,
        "load_average": round(machine.load_average(), 2),
    }
    with tempfile.TemporaryDirectory() as work:
        folder = options.model or _default_model(Path(work))
        image = _image(options, folder)
        height, width = image.shape[:2]
        facts |= {"model": model_name_of(folder), "folder": folder.name}
        facts |= {"image": f"{width}x{height} JPEG"}
        rows = []
        for row in measure(Path(work), folder, image, options):
            print(f"{row.cells()[0]} at once ...", file=sys.stderr, flush=True)
            rows.append(row)
    for name, value in facts.items():
        print(f"{name}: {value}")
    print("\nA ratio above 1 means that ours is faster.\n")
    print(table(_HEAD, [row.cells() for row in rows]))
    if options.json:
        content = {"facts": facts, "rows": [asdict(row) for row in rows]}
        options.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return 0


def measure(
    work: Path, folder: Path, image: np.ndarray, options: argparse.Namespace
) -> Iterator[Row]:
    """A row for every concurrency, without and with the drawn image."""
    jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()
    encoded = base64.b64encode(jpeg).decode("ascii")
    with (
        paddlex_server(work, folder, options.threads) as theirs,
        own_server(work, folder, options.threads) as ours,
    ):
        for visualize, concurrency in product((False, True), options.concurrency):
            body = json.dumps({"image": encoded, "visualize": visualize}).encode()
            addresses = theirs, ours
            _expect_same(addresses, body)
            plan = Plan(body, concurrency, options.requests, options.turns)
            yield Row(concurrency, visualize, *_in_turns(addresses, plan))


def _expect_same(addresses: tuple[str, str], body: bytes) -> None:
    """A warm-up of both, and a proof that both do the same work."""
    counts = [
        len(_ask(client, body).json()["result"]["instances"])
        for client in (_client(address) for address in addresses)
    ]
    if counts[0] != counts[1]:
        print(f"PaddleX found {counts[0]} objects, ours {counts[1]}.", file=sys.stderr)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a turn of either side is: `requests` of `body`, `concurrency` of them at any moment."""

    body: bytes
    concurrency: int
    requests: int
    turns: int


def _in_turns(addresses: tuple[str, str], plan: Plan) -> tuple[Load, Load, Figure]:
    latencies: tuple[list[float], list[float]] = ([], [])
    walls: tuple[list[float], list[float]] = ([], [])
    for turn in range(plan.turns):
        # The one that begins a turn may find the caches cold, so that changes too.
        for side in (0, 1) if turn % 2 else (1, 0):
            start = perf_counter()
            latencies[side].extend(_burst(addresses[side], plan))
            walls[side].append(perf_counter() - start)
    speedup = Figure.of([theirs / ours for theirs, ours in zip(*walls, strict=True)])
    return _load(latencies[0], walls[0]), _load(latencies[1], walls[1]), speedup


def _burst(address: str, plan: Plan) -> list[float]:
    """Latencies of one turn, seconds."""

    def work(client: httpx.Client) -> list[float]:
        times = []
        for _ in range(-(-plan.requests // plan.concurrency)):
            start = perf_counter()
            _ask(client, plan.body)
            times.append(perf_counter() - start)
        return times

    clients = [_client(address) for _ in range(plan.concurrency)]
    with ThreadPoolExecutor(plan.concurrency) as pool:
        return [seconds for times in pool.map(work, clients) for seconds in times]


def _ask(client: httpx.Client, body: bytes) -> httpx.Response:
    headers = {"Content-Type": "application/json"}
    return client.post(_ENDPOINT, content=body, headers=headers).raise_for_status()


def _client(address: str) -> httpx.Client:
    return httpx.Client(base_url=address, timeout=600, trust_env=False)


def _load(latencies: list[float], walls: list[float]) -> Load:
    p50, p95 = (float(value) * 1e3 for value in np.percentile(latencies, [50, 95]))
    return Load(len(latencies) / sum(walls), p50, p95, len(latencies))


def _default_model(work: Path) -> Path:
    """The demo model, or a test model where there is none."""
    return DEMO if DEMO.is_dir() else build_test_model(work / "test-model")


def _image(options: argparse.Namespace, folder: Path) -> np.ndarray:
    path = options.image or (PHOTO if folder == DEMO else None)
    photo = cv2.imread(str(path)) if path else None
    if photo is None:
        return make_scene(options.width, options.height, count=4, noise=8).image
    return cv2.resize(photo, (options.width, options.height), interpolation=cv2.INTER_AREA)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m performance.serving", description=__doc__)
    parser.add_argument("--model", type=Path, metavar="DIR", help="a PaddleX inference folder")
    parser.add_argument("--image", type=Path, metavar="FILE", help="an image file")
    parser.add_argument("--width", type=int, default=640)
    parser.add_argument("--height", type=int, default=480)
    parser.add_argument("--requests", type=int, default=4, help="of one side in one turn")
    parser.add_argument("--turns", type=int, default=8, help="of each side")
    parser.add_argument("--concurrency", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--threads", type=int, default=available_cpus(), help="of either engine")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    return parser


if __name__ == "__main__":
    sys.exit(main())

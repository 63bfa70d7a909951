"""`python -m performance.hang_ups`: what callers that hang up cost those who wait.

One server, and honest clients that ask it in turns: alone, and beside callers of whom each hangs
up some times a second. Every request is run by the model; nothing is kept.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import http.client
import json
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, sleep
from urllib.parse import urlsplit

import httpx
import numpy as np
import psutil

from instseg_ui.settings import available_cpus
from performance import machine
from performance.cases import DEMO, PHOTO
from performance.serving_servers import own_server
from performance.table import table

_ENDPOINT = "/instance-segmentation"
_HEADERS = {"Content-Type": "application/json"}
_HEAD = ["callers that hang up", "answers/s", "p50 ms", "p95 ms", "n", "hung up", "processes"]
LEAST_THROUGHPUT, MOST_P95 = 0.8, 1.5


@dataclass
class Turn:
    """What honest clients met, all turns of one kind together."""

    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0
    hung_up: int = 0
    started: int = 0

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds

    def ms(self, percentile: float) -> float:
        """A percentile of the latencies, milliseconds."""
        return float(np.percentile(self.latencies, percentile)) * 1e3

    def cells(self, name: str) -> list[str]:
        """The row of the table."""
        figures = f"{self.per_second:.2f}", f"{self.ms(50):.0f}", f"{self.ms(95):.0f}"
        return [name, *figures, str(len(self.latencies)), str(self.hung_up), str(self.started)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 1 where honest clients pay more than they may."""
    options = _parser().parse_args(arguments)
    body = json.dumps(
        {"image": base64.b64encode(PHOTO.read_bytes()).decode("ascii"), "visualize": False}
    ).encode()
    calm, busy = Turn(), Turn()
    with (
        tempfile.TemporaryDirectory() as work,
        own_server(Path(work), options.model, options.threads) as address,
    ):
        _ask(_client(address), body)
        for _ in range(options.turns):
            _measure(calm, address, body, options, callers=0)
            _measure(busy, address, body, options, callers=options.callers)
    for name, value in machine.hardware().items():
        print(f"{name}: {value}")
    print(f"load average: {machine.load_average():.2f}, honest clients: {options.honest}")
    print(f"each caller hangs up {options.rate:g} times a second, after {options.after:g} ms\n")
    print(table(_HEAD, [calm.cells("0"), busy.cells(str(options.callers))]))
    throughput, p95 = busy.per_second / calm.per_second, busy.ms(95) / calm.ms(95)
    print(f"\nthroughput {throughput:.2f}x (at least {LEAST_THROUGHPUT}x), ", end="")
    print(f"p95 {p95:.2f}x (at most {MOST_P95}x)")
    return 0 if throughput >= LEAST_THROUGHPUT and p95 <= MOST_P95 else 1


def _measure(
    turn: Turn, address: str, body: bytes, options: argparse.Namespace, callers: int
) -> None:
    """One turn: honest clients ask for some seconds, beside callers that hang up."""
    before = _processes()
    with _hanging_up(turn, address, body, options, callers):
        start = perf_counter()
        end = start + options.seconds
        threads = [
            threading.Thread(target=_honest, args=(turn, address, body, end))
            for _ in range(options.honest)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        turn.seconds += perf_counter() - start
    turn.started += len(_processes() - before)


def _honest(turn: Turn, address: str, body: bytes, end: float) -> None:
    client = _client(address)
    while perf_counter() < end:
        start = perf_counter()
        _ask(client, body)
        turn.latencies.append(perf_counter() - start)


@contextlib.contextmanager
def _hanging_up(
    turn: Turn, address: str, body: bytes, options: argparse.Namespace, callers: int
) -> Iterator[None]:
    stopped = threading.Event()

    def call() -> None:
        while not stopped.wait(max(0.0, 1 / options.rate - options.after / 1e3)):
            with contextlib.suppress(OSError):
                connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
                connection.request("POST", _ENDPOINT, body, _HEADERS)
                sleep(options.after / 1e3)
                connection.close()
                turn.hung_up += 1

    threads = [threading.Thread(target=call) for _ in range(callers)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopped.set()
        for thread in threads:
            thread.join()


def _processes() -> set[tuple[int, float]]:
    """The processes below this one, each by number and time of its start."""
    found = set()
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            found.add((process.pid, process.create_time()))
    return found


def _ask(client: httpx.Client, body: bytes) -> None:
    client.post(_ENDPOINT, content=body, headers=_HEADERS).raise_for_status()


def _client(address: str) -> httpx.Client:
    return httpx.Client(base_url=address, timeout=600, trust_env=False)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m performance.hang_ups", description=__doc__)
    parser.add_argument("--model", type=Path, metavar="DIR", default=DEMO)
    parser.add_argument("--honest", type=int, default=2, help="clients that wait for their answer")
    parser.add_argument("--callers", type=int, default=4, help="clients that hang up")
    parser.add_argument("--rate", type=float, default=5, help="hang-ups a second of each")
    parser.add_argument("--after", type=float, default=50, help="milliseconds before they hang up")
    parser.add_argument("--seconds", type=float, default=6, help="of one turn")
    parser.add_argument("--turns", type=int, default=3, help="of each kind")
    parser.add_argument("--threads", type=int, default=available_cpus())
    return parser


if __name__ == "__main__":
    sys.exit(main())

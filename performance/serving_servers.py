"""Two HTTP servers on one model: PaddleX's own and ours, each a process of its own."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import httpx
import psutil
import yaml

from instseg_ui.settings import PROJECT_DIR

_START_S = 180
_END_S = 20


class ServerError(Exception):
    """A server did not start; carries the end of what it wrote."""


@contextlib.contextmanager
def paddlex_server(work: Path, folder: Path, threads: int) -> Iterator[str]:
    """The address of `paddlex --serve` on a model folder, with PaddleX's defaults but threads.

    Args:
        work: a folder for its pipeline file and its log.
        folder: the model.
        threads: of its engine.
    """
    pipeline = work / "pipeline.yaml"
    pipeline.write_text(yaml.safe_dump(_pipeline(folder, threads)), encoding="utf-8")
    port = _free_port()
    command = [sys.executable, "-m", "paddlex", "--serve", "--pipeline", str(pipeline)]
    command += ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    with _running(command, _offline(), port, work / "paddlex.log") as address:
        yield address


@contextlib.contextmanager
def own_server(work: Path, folder: Path, threads: int) -> Iterator[str]:
    """The address of our server on a model folder; it keeps no predictions."""
    # Under a name that no model of the catalog has.
    served = work / "served-here"
    served.symlink_to(folder.absolute(), target_is_directory=True)
    port = _free_port()
    settings = {
        "model_folders": served,
        "default_model": served.name,
        "models_dir": work / "models",
        "threads": threads,
        "cache_predictions": 0,
        "port": port,
    }
    environment = {f"INSTSEG_{name.upper()}": str(value) for name, value in settings.items()}
    command = [sys.executable, "-m", "instseg_ui.api"]
    with _running(command, environment, port, work / "own.log") as address:
        yield address


def model_name_of(folder: Path) -> str:
    """The PaddleX name that a model folder carries."""
    config = yaml.safe_load((folder / "inference.yml").read_text(encoding="utf-8"))
    return str(config["Global"]["model_name"])


def _pipeline(folder: Path, threads: int) -> dict[str, object]:
    """PaddleX's own pipeline file for this task, with the model's folder and threads."""
    module = {
        "module_name": "instance_segmentation",
        "model_name": model_name_of(folder),
        "model_dir": str(folder),
        "batch_size": 1,
        "threshold": 0.5,
        "engine_config": {"cpu_threads": threads},
    }
    return {
        "pipeline_name": "instance_segmentation",
        "SubModules": {"InstanceSegmentation": module},
    }


def _offline() -> dict[str, str]:
    """PaddleX asks no host, and finds the font that it would fetch for its first drawing."""
    environment = {"PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK": "True"}
    spec = importlib.util.find_spec("matplotlib")
    if spec and spec.origin:
        font = Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
        environment["PADDLE_PDX_LOCAL_FONT_FILE_PATH"] = str(font)
    return environment


@contextlib.contextmanager
def _running(
    command: Sequence[str], environment: Mapping[str, str], port: int, log: Path
) -> Iterator[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("INSTSEG_")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=PROJECT_DIR,
            env=kept | dict(environment),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_healthy(process, address, log)
        yield address
    finally:
        _end(process)


def _wait_until_healthy(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{address}/health", timeout=5, trust_env=False).status_code == 200:
                return
        time.sleep(0.2)
    said = log.read_text(encoding="utf-8", errors="replace")[-2000:]
    raise ServerError(f"The server did not become healthy:\n{said}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a server with all that it started."""
    family = []
    with contextlib.suppress(psutil.NoSuchProcess):
        family = psutil.Process(process.pid).children(recursive=True)
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_END_S)
    process.kill()
    process.wait()
    for child in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])

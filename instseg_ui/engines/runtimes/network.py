"""What every runtime of ONNX files offers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from instseg_ui.errors import LoadError, WorkerError

Array = npt.NDArray[np.generic]

# Lines of OpenVINO that tell where in its source it stopped, and not why.
_WHERE = re.compile(r"Exception from |Check '|FrontEnd API failed|Summary:")
# What ONNX Runtime puts before its reason.
_PREFIX = re.compile(r"^\[ONNXRuntimeError\] : \d+ : \w+ : (Load model from \S+ failed:)?")


class Network(Protocol):
    """One ONNX file, ready to run. Used by one thread."""

    inputs: tuple[str, ...]
    """Names of the arrays it takes, in the file's order."""

    def run(self, feeds: Mapping[str, Array]) -> list[Array]:
        """Compute the outputs, in the file's order.

        The arrays returned are the caller's own: a later run does not change them.

        Args:
            feeds: arrays by name, C-contiguous, of the types the file declares; those that the
                network does not take are ignored.

        Raises:
            WorkerError: an input is missing, or the runtime failed on these arrays.
        """
        ...


class NetworkRuntime(Protocol):
    """What runs ONNX files, on one device. Created and used in the process that it serves."""

    name: str
    versions: dict[str, str]
    notes: tuple[str, ...]
    """What the person who looks at the figures should know, a sentence each."""

    def __init__(self, device: str, threads: int, cache: Path) -> None:
        """See `instseg_ui.engines.runtimes.create`."""
        ...

    @classmethod
    def unusable(cls, device: str) -> str:
        """See `instseg_ui.engines.runtimes.unusable`."""
        ...

    def load(self, file: Path) -> Network:
        """Make an ONNX file ready.

        Raises:
            LoadError: the runtime refused the file.
        """
        ...


def split_device(device: str) -> tuple[str, int]:
    """Kind and number of a device: `gpu:1` is ("gpu", 1), `cpu` is ("cpu", 0).

    Raises:
        LoadError: it is neither `cpu` nor `gpu` nor `gpu:<n>`.
    """
    match = re.fullmatch(r"(cpu)|(gpu)(?::(\d{1,3}))?", device)
    if not match:
        raise LoadError(f"Expected the device `cpu` or `gpu:0`, got “{device[:40]}”.")
    return match[1] or match[2], int(match[3] or 0)


def taken(network: Network, feeds: Mapping[str, Array]) -> dict[str, Array]:
    """The feeds that the network takes, in its order.

    Raises:
        WorkerError: one is missing.
    """
    missing = [name for name in network.inputs if name not in feeds]
    if missing:
        given = ", ".join(feeds) or "none"
        raise WorkerError(f"The network takes the input “{missing[0]}”; got {given}.")
    return {name: feeds[name] for name in network.inputs}


def refused(runtime: str, file: Path, error: Exception) -> LoadError:
    """Why a runtime refused a file, in a sentence."""
    why = reason(str(error).replace(str(file), file.name)) or type(error).__name__
    return LoadError(f"{runtime} cannot load “{file.name}”: {why}")


def failed(runtime: str, error: Exception) -> WorkerError:
    """Why a runtime failed while it ran, in a sentence."""
    text = str(error)
    if isinstance(error, MemoryError) or re.search(r"bad_alloc|[Ff]ailed to allocate", text):
        return WorkerError(f"{runtime} ran out of memory. Try a smaller image or model.")
    return WorkerError(f"{runtime} failed on this image: {reason(text) or type(error).__name__}")


def reason(text: str) -> str:
    """What a library said, in one line without paths and places in its source; 200 characters."""
    lines = [line.strip() for line in text.splitlines()]
    said = " ".join(line for line in lines if line and not _WHERE.match(line))
    return re.sub(r"(?<![\w.])(/[\w.+-]+){2,}", "…", _PREFIX.sub("", said))[:200].strip()

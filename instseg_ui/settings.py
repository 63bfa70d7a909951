"""Every setting: its type, its bounds, its default and its meaning.

`instseg_ui.variables.read_settings` reads them; tests make their own with `Settings(...)`.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import psutil
from pydantic import AfterValidator, BeforeValidator, ByteSize, Field, WrapValidator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from instseg_ui import cgroups, own_folder

PROJECT_DIR = Path(__file__).resolve().parent.parent
"""What `instseg_ui` is imported from: the checkout, or the folder the wheel was installed in."""

_IN_WHEEL = Path(__file__).resolve().parent / "data"
DATA_DIR = _IN_WHEEL if _IN_WHEEL.is_dir() else PROJECT_DIR
"""Where `assets/`, `configs/` and requirements lie: at the checkout's top, `data/` in a wheel."""

OFFICIAL_BASE = (
    "https://paddle-model-ecology.bj.bcebos.com/paddlex/official_inference_model/paddle3.0.0"
)

EngineMode = Literal[
    "normal", "high_performance", "paddle", "paddle-onednn", "onnxruntime", "openvino", "tensorrt"
]
"""What may run the models: PaddleX's choice, the fastest proven one, or an engine by name."""


def available_cpus() -> int:
    """Cores this process may use: the smaller of its CPU affinity and its control groups' quota."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    limit = cgroups.cpu_limit()
    return max(1, min(cores or 1, round(limit))) if limit else cores or 1


def available_memory() -> int:
    """Bytes of memory this process may use: the machine's, or less where a control group says."""
    total = int(psutil.virtual_memory().total)
    return min(total, cgroups.memory_limit() or total)


def paddlex_cache() -> Path:
    """The folder that PaddleX itself keeps official models in, shared with it."""
    named = os.environ.get("PADDLE_PDX_CACHE_HOME")
    try:
        return Path(named) if named else Path.home() / ".paddlex"
    except RuntimeError:  # a user without a home, as containers have
        return own_folder.temporary("paddlex")


def paddlex_work_folder() -> Path:
    """Where PaddleX may write what it needs to run: its cache, or else a temporary folder.

    It makes folders there when it is imported, for a model that needs none of them too.
    """
    cache = paddlex_cache()
    needed = (cache / name for name in ("func_ret", "locks", "temp"))
    return cache if all(map(own_folder.writable, needed)) else own_folder.temporary("paddlex")


@dataclass(frozen=True, slots=True)
class Expected:
    """What a field takes, in words, where its type and bounds do not say it."""

    text: str


_DEVICE = re.compile(r"cpu|gpu(:[0-9]+(,[0-9]+)*)?", re.IGNORECASE)


def device_name(value: object) -> str:
    """PaddleX's word for devices as ours: `gpu` is `gpu:0`, `gpu:0,1` are both.

    Raises:
        ValueError: neither the CPU nor GPUs.
    """
    if not isinstance(value, str) or not _DEVICE.fullmatch(value):
        raise ValueError("neither the CPU nor GPUs")
    device = value.lower()
    return "gpu:0" if device == "gpu" else device


def _positive_size(value: object, read: Callable[[object], ByteSize]) -> ByteSize:
    try:
        size = read(value)
    except OverflowError:
        raise ValueError("too large") from None
    if size <= 0:
        raise ValueError("not above 0")
    return size


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise ValueError("not a folder")
    return path


def _folder_or_new(path: Path) -> Path:
    if path.exists() and not path.is_dir():
        raise ValueError("not a folder")
    return path


def _paths(value: object) -> object:
    if isinstance(value, str):
        return tuple(Path(part) for part in value.split(os.pathsep) if part)
    return value


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _hosts(value: object) -> object:
    if not isinstance(value, str):
        return value
    hosts = tuple(part.strip().lower() for part in value.split(",") if part.strip())
    if any("/" in host for host in hosts):
        raise ValueError("an address, not a host")
    return hosts


_Size = Annotated[ByteSize, WrapValidator(_positive_size)]
_Device = Annotated[
    str, BeforeValidator(device_name), Expected("cpu, gpu:0, or several GPUs as gpu:0,1")
]
_Folder = Annotated[Path, AfterValidator(_folder), Expected("a folder that exists")]
_OR_NEW = Expected("a folder, or a path where one can be made")
_FolderOrNew = Annotated[Path, AfterValidator(_folder_or_new), _OR_NEW]
_Paths = Annotated[
    tuple[Path, ...],
    NoDecode,
    BeforeValidator(_paths),
    Expected(f"paths of folders, separated by “{os.pathsep}”"),
]
_Hosts = Annotated[
    tuple[str, ...],
    NoDecode,
    BeforeValidator(_hosts),
    Expected("names of hosts such as images.example, separated by commas"),
]


class Settings(BaseSettings):
    """How the product runs here. Each field is read from `INSTSEG_<FIELD>`; empty is unset."""

    model_config = SettingsConfigDict(
        env_prefix="INSTSEG_",
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        # A time limit is a number of seconds: `inf` and `nan` are none that a lock can wait.
        allow_inf_nan=False,
    )

    catalog: Path = Field(
        DATA_DIR / "configs" / "models.yaml", description="The catalog of models."
    )
    assets: _Folder = Field(
        DATA_DIR / "assets", description="Where the embedded models and the examples lie."
    )
    models_dir: _FolderOrNew = Field(
        default_factory=lambda: paddlex_cache() / "official_models",
        description="Where fetched models lie; by default PaddleX's own cache.",
    )
    converted_dir: Annotated[_FolderOrNew | None, _OR_NEW] = Field(
        None,
        description="Where converted models lie; by default `.converted` among the fetched models.",
    )
    models_source: str = Field(
        OFFICIAL_BASE,
        description="Base URL of the official archives, a mirror of it, or a local folder of them.",
    )
    model_folders: _Paths = Field(
        (),
        description="More PaddleX inference folders to list, separated by the path separator.",
    )
    default_model: str = Field("everyday-M", description="The model that runs when none is named.")
    allow_fetch: bool = Field(True, description="Whether the page may fetch official models.")
    allow_add: Annotated[bool | None, Expected("true or false")] = Field(
        None,
        description="Whether the page may add and remove models of your own; by default only where "
        "it is served to this machine alone.",
    )
    allow_train: Annotated[bool | None, Expected("true or false")] = Field(
        None,
        description="Whether the page may teach models, which takes minutes of the processor; by "
        "default only where it is served to this machine alone.",
    )
    fetch_timeout: float = Field(
        30.0, gt=0, description="Seconds of silence after which a download is given up."
    )

    floor: float = Field(
        0.05, ge=0, lt=1, description="Lowest score kept; thresholds above it only filter."
    )
    max_instances: int = Field(300, ge=1, description="Most instances kept of one image.")
    max_pixels: int = Field(40_000_000, ge=1, description="Largest image accepted, in pixels.")
    max_side: int = Field(12_000, ge=1, description="Longest image side accepted, in pixels.")
    max_upload: _Size = Field(
        ByteSize(50_000_000), description="Largest image file accepted, in bytes."
    )
    max_dataset: _Size = Field(
        ByteSize(2_000_000_000), description="Largest data set that may be uploaded, in bytes."
    )

    url_input: bool = Field(
        True, description="Whether an image may be named by its http(s) address."
    )
    url_hosts: _Hosts = Field(
        (),
        description="The only hosts that images are fetched from, private ones too, separated by "
        "commas; empty: every host with a public address.",
    )
    url_timeout: float = Field(
        20.0, gt=0, description="Seconds in which an image must have come from its address."
    )

    device: _Device = Field(
        "cpu",
        description="Where models run: `cpu`, `gpu:0`, or several as `gpu:0,1`: each model then "
        "has a worker on each, and requests are spread over them.",
    )
    workers: int = Field(
        1, ge=1, description="Workers of one model on the CPU; they share the threads."
    )
    threads: int = Field(
        default_factory=available_cpus, ge=1, description="Threads of one model's engine."
    )
    engine: EngineMode = Field(
        "normal",
        description="What runs the models: `normal` as PaddleX does, `high_performance` for the "
        "fastest engine proven equal to Paddle, or one engine by name.",
    )
    convert_timeout: float = Field(
        600.0, gt=0, description="Seconds that converting a model may take."
    )
    convert_memory: _Size = Field(
        default_factory=lambda: ByteSize(available_memory() * 6 // 10),
        description="Memory that converting a model may take.",
    )
    memory_budget: _Size = Field(
        default_factory=lambda: ByteSize(available_memory() * 6 // 10),
        description="Memory that loaded models may take together.",
    )
    load_timeout: float = Field(120.0, gt=0, description="Seconds a model may take to load.")
    run_timeout: float = Field(180.0, gt=0, description="Seconds one image may take.")
    queue_timeout: float = Field(
        300.0, gt=0, description="Seconds a request may wait for its model's worker."
    )
    cache_predictions: int = Field(
        64, ge=0, description="Predictions kept, so that looking again costs nothing."
    )
    fake_engine: bool = Field(
        False, description="Run the built-in deterministic engine instead of Paddle (for tests)."
    )

    host: str = Field("127.0.0.1", description="Address the page is served on.")
    port: int = Field(7860, ge=1, le=65535, description="Port the page is served on.")
    root_path: str = Field(
        "",
        pattern=r"^((/[A-Za-z0-9._~-]+)+)?$",
        description="Path that a proxy serves this under, `/masks`, where the proxy does not say "
        "it in `X-Forwarded-Prefix`.",
    )
    queue_size: int = Field(32, ge=1, description="Requests that may wait; more are turned away.")
    http_threads: int = Field(
        8, ge=1, description="HTTP requests that are worked on at once; the others wait."
    )
    http_visualize: bool = Field(
        True, description="Whether an HTTP answer has the drawn image when the request is silent."
    )
    upload_timeout: float = Field(
        30.0, gt=0, description="Seconds a request's body may take, and one more every 50 kB."
    )
    keep_visits: float = Field(
        24.0,
        ge=0,
        le=8760,
        description="Hours for which the page keeps what a visitor has on it, photos too, after "
        "the last window was closed.",
    )
    shutdown_timeout: float = Field(
        30.0, ge=0, description="Seconds that running HTTP requests get when the server is stopped."
    )

    @property
    def devices(self) -> tuple[str, ...]:
        """The device of each worker of a model: `("gpu:0", "gpu:1")` of `gpu:0,1`."""
        kind, _, numbers = self.device.partition(":")
        if kind == "cpu":
            return ("cpu",) * self.workers
        return tuple(f"gpu:{number}" for number in numbers.split(","))

    @property
    def worker_threads(self) -> int:
        """Threads of one worker: its share of the cores, on the CPU."""
        if self.first_device != "cpu":
            return self.threads
        return max(1, self.threads // len(self.devices))

    @property
    def first_device(self) -> str:
        """Where models are checked and timed."""
        return self.devices[0]

    @property
    def local(self) -> bool:
        """Whether the page is served to this machine alone."""
        return self.host.lower() == "localhost" or _is_loopback(self.host)

    @property
    def may_add(self) -> bool:
        """Whether the page may add and remove models of the user's own."""
        return self.local if self.allow_add is None else self.allow_add

    @property
    def may_train(self) -> bool:
        """Whether the page may teach models."""
        return self.local if self.allow_train is None else self.allow_train

    @property
    def own_root(self) -> Path:
        """Where models lie that the user has added, each in a folder of its name."""
        return self.models_dir / ".own"

    @property
    def converted_root(self) -> Path:
        """Where converted models lie."""
        return self.converted_dir or self.models_dir / ".converted"

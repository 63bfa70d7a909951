"""Everything that is looked at, in the order it is shown."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from instseg_ui import own_folder
from instseg_ui.catalog import Catalog
from instseg_ui.doctor.diagnosis import Diagnosis, note, wrong
from instseg_ui.doctor.engines import engines
from instseg_ui.doctor.machine import machine
from instseg_ui.doctor.packages import packages
from instseg_ui.errors import InstSegError
from instseg_ui.settings import Settings
from instseg_ui.weights import ModelStatus, WeightsStore

_LEAST_DISK = 1e9


def examine(settings: Settings) -> Iterator[Diagnosis]:
    """Look at everything; each finding comes when it is known."""
    yield from machine(settings)
    yield from packages()
    yield from engines(settings)
    yield from _folders(settings)
    yield from _models(settings)


def _folders(settings: Settings) -> Iterator[Diagnosis]:
    folder = settings.models_dir.expanduser().absolute()
    standing = next(parent for parent in (folder, *folder.parents) if os.access(parent, os.F_OK))
    size = _size(folder) if folder.exists() else 0
    found = f"{folder} ({size / 1e6:.0f} MB)" if folder.exists() else f"{folder}, not made yet"
    if own_folder.writable(folder):
        yield Diagnosis("models' folder", found)
    else:
        remedy = (
            "Models cannot be fetched or converted into it: set PADDLE_PDX_CACHE_HOME or "
            "INSTSEG_MODELS_DIR to a folder that can be written."
        )
        yield wrong("models' folder", f"{found}, not writable", remedy)
    yield _page_files()
    free = shutil.disk_usage(standing).free
    text = f"{free / 1e9:.1f} GB free where models lie"
    remedy = "Free some space, or set INSTSEG_MODELS_DIR to another disk."
    yield Diagnosis("disk", text) if free > _LEAST_DISK else note("disk", text, remedy)


def _page_files() -> Diagnosis:
    """Where the page keeps what visitors send."""
    named = os.environ.get("GRADIO_TEMP_DIR")
    remedy = "Set GRADIO_TEMP_DIR (or TMPDIR) to a folder that can be written."
    try:
        folder = Path(named) if named else own_folder.temporary("gradio")
    except OSError as error:
        return wrong("page's files", f"no temporary folder ({error.strerror})", remedy)
    if own_folder.writable(folder.absolute()):
        return Diagnosis("page's files", str(folder))
    return wrong("page's files", f"{folder}, not writable", remedy)


def _size(folder: Path) -> int:
    """Bytes of all files under a folder; what vanishes meanwhile is not counted."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += Path(root, name).lstat().st_size
            except OSError:
                continue
    return total


def _advice(status: ModelStatus) -> str:
    return f"{status.reason} {status.remedy}".strip()


def _models(settings: Settings) -> Iterator[Diagnosis]:
    try:
        catalog, store = Catalog.load(settings), WeightsStore(settings)
        default = catalog.default(settings)
    except InstSegError as error:
        yield wrong("catalog", str(error), "Correct INSTSEG_CATALOG or INSTSEG_DEFAULT_MODEL.")
        return
    statuses = {spec.id: store.status(spec) for spec in catalog}
    counts = Counter(str(status.state) for status in statuses.values())
    yield Diagnosis("catalog", ", ".join(f"{n} {state}" for state, n in counts.items()))
    for name, status in statuses.items():
        if str(status.state) == "broken" and name != default.id:
            yield note(f"model {name}", "broken", _advice(status))
    status = statuses[default.id]
    if status.usable:
        yield Diagnosis("default model", f"{default.id}, {status.state}")
    else:
        yield wrong("default model", f"{default.id}, {status.state}", _advice(status))

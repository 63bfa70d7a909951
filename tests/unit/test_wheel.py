"""The built wheel alone, in an environment of its own, far from the checkout."""

from __future__ import annotations

import email
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tarfile
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from instseg_ui.settings import PROJECT_DIR
from instseg_ui.ui.viewer import STATIC_ROUTE
from tests.browser.server import free_port

pytestmark = [pytest.mark.slow, pytest.mark.paddle, pytest.mark.timeout(600)]

PARTS = ("assets", "configs", "instseg_ui")
DATA = "instseg_ui/data"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout with what a run of the app leaves in it."""
    project = tmp_path_factory.mktemp("checkout")
    for part in PARTS:
        shutil.copytree(
            PROJECT_DIR / part,
            project / part,
            ignore=shutil.ignore_patterns("__pycache__", "*.pyi"),
        )
    for pattern in ("*.md", "*.txt", "pyproject.toml", "LICENSE", "app.py", ".gitignore"):
        for file in PROJECT_DIR.glob(pattern):
            shutil.copy(file, project)
    (project / "instseg_ui" / "ui" / "viewer" / "viewer.pyi").touch()
    (project / "instseg_ui" / "show" / "stray.pyi").touch()
    return project


@pytest.fixture(scope="module")
def wheel(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(project, tmp_path_factory.mktemp("wheel"))


def build(project: Path, folder: Path) -> Path:
    """The wheel of a project's folder; nothing is fetched."""
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, project)
    (wheel,) = folder.glob("*.whl")
    return wheel


def pip(*arguments: object) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    finish([*command, *map(str, arguments), "--no-index"], cwd=None, environment=dict(os.environ))


def finish(command: list[str], cwd: Path | None, environment: dict[str, str]) -> str:
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@dataclass(frozen=True)
class Installed:
    """The wheel in an environment that finds its dependencies where this one has them."""

    folder: Path
    python: Path

    @property
    def command(self) -> str:
        return str(self.python.with_name("instseg"))

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("INSTSEG")}
        kept.pop("PYTHONPATH", None)
        own = {
            "HOME": str(self.folder),
            "INSTSEG_MODELS_DIR": str(self.folder / "models"),
            "GRADIO_TEMP_DIR": str(self.folder / "uploads"),
        }
        return kept | own

    def run(self, *command: str) -> str:
        return finish(list(command), self.folder, self.environment)


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("elsewhere")
    finish([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], folder, {})
    python = folder / "venv" / "bin" / "python"
    (packages,) = (folder / "venv" / "lib").glob("python*/site-packages")
    # A folder that a path file names is searched, the path files in it are not read: the packages
    # of this environment are found, the checkout that it names is not.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    installed = Installed(folder, python)
    found = "import importlib.util as u; print(u.find_spec('paddle') and u.find_spec('instseg_ui'))"
    assert installed.run(str(python), "-c", found) == "None\n"
    pip("--python", python, "install", "--no-deps", wheel)
    return installed


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def tree(folder: Path) -> set[str]:
    return {
        file.relative_to(folder).as_posix()
        for file in folder.rglob("*")
        if file.is_file() and file.suffix not in (".pyi", ".pyc")
    }


def test_it_carries_the_package_and_its_data_and_nothing_else(project: Path, wheel: Path) -> None:
    code = {f"instseg_ui/{name}" for name in tree(project / "instseg_ui")}
    configs = {f"{DATA}/configs/{name}" for name in tree(project / "configs")}
    assets = {
        f"{DATA}/assets/{name}"
        for name in tree(project / "assets")
        if not name.startswith("screenshots/")
    }
    kept = ("requirements.txt", "requirements-gpu.txt", "requirements-openvino.txt")
    assert names(wheel) == code | configs | assets | {f"{DATA}/{name}" for name in kept}


def test_it_asks_for_what_requirements_txt_names(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (one for one in archive.namelist() if one.endswith(".dist-info/METADATA"))
        metadata = email.message_from_bytes(archive.read(name))
    lines = (PROJECT_DIR / "requirements.txt").read_text(encoding="utf-8").splitlines()
    wanted = [Requirement(line) for line in lines if line and not line.startswith("#")]
    asked = [Requirement(line) for line in metadata.get_all("Requires-Dist", [])]

    def facts(requirement: Requirement) -> tuple[str, str, tuple[str, ...]]:
        extras = tuple(sorted(requirement.extras))
        return requirement.name.lower(), str(requirement.specifier), extras

    assert sorted(map(facts, asked)) == sorted(map(facts, wanted))


def test_the_source_archive_builds_the_same_wheel(
    project: Path, wheel: Path, tmp_path: Path
) -> None:
    build_source = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path)]
    finish(build_source, project, dict(os.environ))
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path, filter="data")
    (unpacked,) = (path for path in tmp_path.iterdir() if path.is_dir())
    assert not list(unpacked.rglob("*.pyi"))
    assert {path.name for path in unpacked.iterdir()}.isdisjoint({"tests", "tools", "performance"})
    assert names(build(unpacked, tmp_path / "again")) == names(wheel)


def test_the_package_is_the_wheels(installed: Installed) -> None:
    where = installed.run(str(installed.python), "-c", "import instseg_ui as i; print(i.__file__)")
    assert Path(where.strip()).is_relative_to(installed.folder)


def test_it_lists_the_models(installed: Installed) -> None:
    models = json.loads(installed.run(installed.command, "models", "list", "--json"))
    bundled = {model["model"]: model["state"] for model in models if model["source"] == "bundled"}
    assert bundled == dict.fromkeys(("demo-cats", "everyday-S", "everyday-M"), "bundled")


def test_it_holds_versions_against_the_tested_ones(installed: Installed) -> None:
    script = "from instseg_ui.doctor.packages import packages; print(next(packages()).found)"
    found = installed.run(str(installed.python), "-c", script)
    assert re.search(r"[1-9]\d* packages as tested|expected", found), found


def test_it_segments_a_picture(installed: Installed) -> None:
    picture = PROJECT_DIR / "assets" / "examples" / "man-with-cats.jpg"
    shutil.copy(picture, installed.folder / "own.jpg")
    printed = installed.run(installed.command, "predict", "own.jpg", "--json")
    answer = json.loads(printed)
    assert answer["model"] == "everyday-M"
    assert {box["label"] for box in answer["res"]["boxes"]} == {"person", "cat"}


@pytest.fixture(scope="module")
def address(installed: Installed) -> Iterator[str]:
    """The page of the installed command while it runs."""
    port = free_port()
    address, log = f"http://127.0.0.1:{port}", installed.folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [installed.command, "serve", "--port", str(port)],
            cwd=installed.folder,
            env=installed.environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            # A shell starts what it runs in the background with Ctrl-C switched off.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
    try:
        deadline = time.monotonic() + 240
        while not answers(f"{address}/health"):
            assert process.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < deadline, log.read_text(encoding="utf-8")
            time.sleep(0.2)
        yield address
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()


def answers(url: str) -> bool:
    try:
        return bool(get(url))
    except OSError:
        return False


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:
        content: bytes = answer.read()
        return content


def test_it_serves_the_page(address: str) -> None:
    assert "gradio" in get(address).decode()
    assert "demo-cats" in get(f"{address}/config").decode()
    module = "instseg_ui/ui/viewer/static/viewer.js"
    served = get(f"{address}{STATIC_ROUTE}/viewer.js").decode()
    assert served == (PROJECT_DIR / module).read_text(encoding="utf-8")

"""What the documents say holds: settings, commands, files, links, packages."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.setup_env import LIBRARIES
from tools.write_docs import settings_page

ROOT = Path(__file__).resolve().parents[2]
LARGEST_FILE = 10_000_000  # bytes; Spaces take no larger file without LFS
PACKAGE_INDEXES = ("https://www.paddlepaddle.org.cn/",)

needs_git = pytest.mark.skipif(
    not (shutil.which("git") and (ROOT / ".git").exists()), reason="not a git checkout"
)


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def files() -> list[Path]:
    """Every file that is in git or would be added to it."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "-co", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def texts() -> dict[str, str]:
    """The text files among `files`, by their path in the project."""
    found = {}
    for file in files():
        try:
            found[file.relative_to(ROOT).as_posix()] = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return found


def requirements(name: str) -> list[str]:
    """Requirement lines without comments and options."""
    lines = (line.split("#")[0].strip() for line in read(name).splitlines())
    return [line for line in lines if line and not line.startswith("-")]


def package(requirement: str) -> str:
    return re.split(r"[\[=~<>! ]", requirement)[0].lower()


def test_the_settings_page_is_up_to_date() -> None:
    assert read("docs/settings.md") == settings_page(), "Run: make docs"


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_every_command_is_in_the_makefile(page: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", read(page), re.MULTILINE))
    assert {"run", "test"} <= named <= targets


def test_ci_runs_the_test_command_of_the_readme() -> None:
    assert any(line.startswith("make test") for line in read(".ci/run").splitlines())


@needs_git
def test_the_readme_names_every_file_at_the_top() -> None:
    tree = re.search(r"## Files\n+```\n(.*?)```", read("README.md"), re.DOTALL)
    assert tree, "README.md has no tree under “Files”"
    lines = [line.split(maxsplit=1) for line in tree[1].splitlines() if not line.startswith(" ")]
    assert all(len(line) == 2 for line in lines), "one purpose a line"
    named = {name.rstrip("/") for name, _ in lines}
    there = {file.relative_to(ROOT).parts[0] for file in files()}
    assert named == {name for name in there if not name.startswith(".")}


@needs_git
def test_the_readme_names_every_room_of_the_product() -> None:
    named = set(re.findall(r"^  ([a-z]+)/ +\S", read("README.md"), re.MULTILINE))
    inside = [file.relative_to(ROOT).parts for file in files()]
    assert named == {parts[1] for parts in inside if parts[0] == "instseg_ui" and len(parts) > 2}


@needs_git
def test_no_file_is_named_by_what_it_does() -> None:
    """Nouns of the trade, not gerunds; these few are nouns."""
    nouns = {"endings", "findings", "rings", "settings", "mapping", "staging"}
    stems = {file.stem for file in files() if file.suffix == ".py" and "instseg_ui" in file.parts}
    assert {stem for stem in stems if re.search(r"ings?$", stem)} <= nouns


def test_the_readme_gives_a_reason_for_every_requirement() -> None:
    rows = re.findall(r"^\| `([^`]+)` \| \S.+ \|$", read("README.md"), re.MULTILINE)
    assert rows == [package(line) for line in requirements("requirements.txt")]


def test_the_space_runs_on_the_gradio_that_is_tested() -> None:
    version = re.search(r"^sdk_version: (.+)$", read("README.md"), re.MULTILINE)
    assert version
    assert f"gradio=={version[1]}" in requirements("requirements.txt")


def test_gpu_requirements_differ_in_paddle_and_onnx_runtime_only() -> None:
    cpu, gpu = requirements("requirements.txt"), requirements("requirements-gpu.txt")
    assert [package(line).removesuffix("-gpu") for line in gpu] == list(map(package, cpu))
    differing = {package(line) for line in set(gpu) - set(cpu)}
    assert differing == {"paddlepaddle-gpu", "onnxruntime-gpu"}


def test_packages_txt_names_the_libraries_that_setup_looks_for() -> None:
    assert read("packages.txt").split() == list(LIBRARIES.values())


@needs_git
def test_relative_links_lead_somewhere() -> None:
    broken = [
        f"{page}: {link}"
        for page, text in texts().items()
        if page.endswith(".md")
        for link in re.findall(r"\]\(([^)\s]+)\)", text)
        if not re.match(r"[a-z]+:|#", link)
        and not (ROOT / page).parent.joinpath(link.split("#")[0]).exists()
    ]
    assert not broken


@needs_git
def test_every_decision_is_in_the_index() -> None:
    names = sorted(file.name for file in (ROOT / "docs" / "adr").glob("[0-9]*.md"))
    assert [name for name in names if f"({name})" not in read("docs/adr/README.md")] == []


@needs_git
def test_no_file_is_too_large_for_a_space() -> None:
    assert [file.name for file in files() if file.stat().st_size > LARGEST_FILE] == []


@needs_git
def test_nothing_names_the_machine_it_was_written_on() -> None:
    workplace = "/" + "work" + "/"
    assert [name for name, text in texts().items() if workplace in text] == []


@needs_git
def test_packages_come_from_public_indexes() -> None:
    source = r"""(?:index-url|find-links|registry|"resolved":)[ ="]*((?:https?|file):[^\s"]+)"""
    strange = [
        f"{name}: {url}"
        for name, text in texts().items()
        for url in re.findall(source, text)
        if not url.startswith(PACKAGE_INDEXES)
    ]
    assert not strange

"""Makes `.venv` ready: `python3.11 -m scripts.setup_env run|dev|test`.

`run` is what the app needs, `dev` adds the tools that lint and test, `test` adds a
browser. What is there already is left alone: a stamp in `.venv` holds the digest of
the requirement files it was made from, and is written last, so an interrupted
install is simply repeated. Standard library only.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from scripts.find_browser import find_browser

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
COMMAND = VENV / "bin" / "instseg"
# The tests run the optional engine too.
FOR_TESTS = ("requirements-openvino.txt", "requirements-dev.txt")
# What OpenCV and Paddle load from the system; packages.txt names the same for Spaces.
LIBRARIES = {
    "libGL.so.1": "libgl1",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libgomp.so.1": "libgomp1",
}


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Make .venv ready.")
    parser.add_argument("goal", choices=("run", "dev", "test"))
    parser.add_argument("--requirements", default="requirements.txt")
    args = parser.parse_args(argv)
    files = [args.requirements] if args.goal == "run" else [args.requirements, *FOR_TESTS]
    alone = [] if args.goal == "run" else ["requirements-readers.txt"]
    stamp = VENV / (".ready-run" if args.goal == "run" else ".ready-dev")
    if not is_ready(stamp, digest(files + alone)):
        prepare(files, alone)
        stamp.write_text(digest(files + alone))
    install_command()
    if args.goal == "test":
        ask_for_browser(VENV / ".browser-asked")


def is_ready(stamp: Path, wanted: str) -> bool:
    return PYTHON.exists() and stamp.exists() and stamp.read_text() == wanted


def digest(files: list[str]) -> str:
    return hashlib.sha256(b"\0".join((ROOT / file).read_bytes() for file in files)).hexdigest()


def prepare(files: list[str], alone: list[str]) -> None:
    """System libraries, environment, packages, check; ends the program where one fails.

    What `alone` names is installed without what it asks for.
    """
    need_libraries()
    if not is_usable():
        need_venv_module()
        run(sys.executable, "-m", "venv", "--clear", str(VENV))
    install = [str(PYTHON), "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    run(*install, *(option for file in files for option in ("-r", file)))
    for file in alone:
        run(*install, "--no-deps", "-r", file)
    run(str(PYTHON), "scripts/check_env.py")


def install_command() -> None:
    """Make `import instseg_ui` and `.venv/bin/instseg` work from any folder.

    A path file and a script, where an editable install would need a build back end of the network.
    """
    (packages,) = VENV.glob("lib/python3.*/site-packages")
    write(packages / "instseg_ui.pth", f"{ROOT}\n")
    # -P: nothing that lies in the folder it is called in is imported.
    write(COMMAND, f'#!/bin/sh\nexec {shlex.quote(str(PYTHON))} -P -m instseg_ui "$@"\n')
    COMMAND.chmod(0o755)


def write(file: Path, text: str) -> None:
    """Writes what is not there yet, so that a second start of the app changes nothing."""
    if not file.exists() or file.read_text() != text:
        file.write_text(text)


def is_usable() -> bool:
    """Whether there is an environment with pip, of a Python this project is tested with."""
    check = "import pip, sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))"
    return PYTHON.exists() and run(str(PYTHON), "-c", check, quiet=True)


def need_libraries() -> None:
    packages = [p for library, p in LIBRARIES.items() if not loads(library)]
    if sys.platform == "linux" and packages and not apt_install(packages):
        sys.exit(
            f"System libraries are missing. Install them: apt-get install {' '.join(packages)}"
        )


def need_venv_module() -> None:
    if importlib.util.find_spec("ensurepip") is None and not apt_install([venv_package()]):
        sys.exit(f"Python's venv module is missing: apt-get install {venv_package()}")


def venv_package() -> str:
    return f"python{sys.version_info.major}.{sys.version_info.minor}-venv"


def loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def ask_for_browser(stamp: Path) -> None:
    """Tries to install a browser once; the tests themselves tell when there is none."""
    if stamp.exists() or find_browser():
        return
    # Ubuntu's chromium package is a snap, which does not install in a container.
    if is_debian() and apt_install(["chromium"]) and find_browser():
        return
    system = ["--with-deps"] if os.geteuid() == 0 else []
    run(str(PYTHON), "-m", "playwright", "install", *system, "chromium", may_fail=True)
    stamp.touch()


def is_debian() -> bool:
    release = Path("/etc/os-release")
    return release.exists() and "ID=debian" in release.read_text().splitlines()


def apt_install(packages: list[str]) -> bool:
    """Installs Debian packages where that needs no password; whether it did."""
    if not shutil.which("apt-get"):
        return False
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if sudo and not (shutil.which("sudo") and run("sudo", "-n", "true", quiet=True)):
        return False
    apt = [*sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y"]
    run(*apt, "update", may_fail=True)
    return run(*apt, "install", "--no-install-recommends", *packages, may_fail=True)


def run(*command: str, may_fail: bool = False, quiet: bool = False) -> bool:
    """Runs a command in the project's folder; whether it succeeded. `quiet` implies `may_fail`."""
    output = subprocess.DEVNULL if quiet else None
    done = subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False
    )
    if done.returncode and not (may_fail or quiet):
        sys.exit(f"Setup stopped: {' '.join(command[:5])} ... ended with {done.returncode}.")
    return done.returncode == 0


if __name__ == "__main__":
    main()

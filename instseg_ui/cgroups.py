"""The limits of this process's control groups, version 1 and version 2, and of those above them.

A container or a job is limited by the group it runs in or by any group above that one; the
smallest limit holds. Sources: cgroups(7), proc_pid_mountinfo(5), and the kernel's
`admin-guide/cgroup-v2` and `cgroup-v1/memory`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

# A version 1 group without a limit says a number near 2^63.
_UNLIMITED = 1 << 60
_OCTAL = re.compile(r"\\([0-7]{3})")

Read = Callable[[Path], str]


class _Mount(NamedTuple):
    """A mounted hierarchy: where it is seen, which of its groups is seen there, its controllers."""

    point: PurePosixPath
    root: PurePosixPath
    controllers: frozenset[str]
    version: int


def cpu_limit(host: Path = Path("/")) -> float | None:
    """Cores that the groups allow, a fraction too; None without a limit.

    `host`: the folder that `/proc` and the groups lie in, for tests.
    """
    limits = [_cores(folder, version) for folder, version in _groups("cpu", host)]
    return min(filter(None, limits), default=None)


def memory_limit(host: Path = Path("/")) -> int | None:
    """Bytes of memory that the groups allow; None without a limit."""
    limits = [
        limit for folder, version in _groups("memory", host) for limit in _bytes(folder, version)
    ]
    return min(limits, default=None)


def _cores(folder: Path, version: int) -> float | None:
    if version == 2:
        quota, _, period = _text(folder / "cpu.max").partition(" ")
    else:
        quota = _text(folder / "cpu.cfs_quota_us")
        period = _text(folder / "cpu.cfs_period_us")
    if not (quota.isdecimal() and period.isdecimal() and int(period)):
        return None
    return int(quota) / int(period) or None


def _bytes(folder: Path, version: int) -> Iterator[int]:
    if version == 2:
        # Past `memory.high` a group is slowed down until it hardly moves.
        found = [_text(folder / name) for name in ("memory.max", "memory.high")]
    else:
        found = [_text(folder / "memory.limit_in_bytes"), *_above(folder / "memory.stat")]
    yield from (int(text) for text in found if text.isdecimal() and 0 < int(text) < _UNLIMITED)


def _above(stat: Path) -> Iterator[str]:
    """The smallest limit of all groups above, which a container itself does not see."""
    for line in _text(stat).splitlines():
        name, _, value = line.partition(" ")
        if name == "hierarchical_memory_limit":
            yield value


def _groups(controller: str, host: Path) -> Iterator[tuple[Path, int]]:
    """Folder and version of this process's group and of every group above it that is seen."""
    own = dict(_own_groups(_text(host / "proc/self/cgroup")))
    mounts = list(_mounts(_text(host / "proc/self/mountinfo")))
    for mount in mounts:
        name = controller if mount.version == 1 else ""
        if name in own and (mount.version == 2 or controller in mount.controllers):
            top = host / mount.point.relative_to("/")
            yield from ((folder, mount.version) for folder in _upwards(own[name], mount, top))
    if not mounts:
        yield host / "sys/fs/cgroup", 2


def _upwards(group: PurePosixPath, mount: _Mount, top: Path) -> Iterator[Path]:
    below = PurePosixPath()
    if ".." not in group.parts and group.is_relative_to(mount.root):
        below = group.relative_to(mount.root)
    for part in (below, *below.parents) if below.parts else (below,):
        yield top / part


def _own_groups(text: str) -> Iterator[tuple[str, PurePosixPath]]:
    """The group by controller; version 2 has one, whose name is empty."""
    for line in text.splitlines():
        parts = line.split(":", 2)
        if len(parts) == 3 and parts[2].startswith("/"):
            yield from ((name, PurePosixPath(parts[2])) for name in parts[1].split(","))


def _mounts(text: str) -> Iterator[_Mount]:
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        fields, kind, *_ = before.split(), *after.split()[:1], ""
        if len(fields) < 5 or kind not in ("cgroup", "cgroup2"):
            continue
        root, point = (PurePosixPath(_plain(field)) for field in fields[3:5])
        if root.is_absolute() and point.is_absolute():
            controllers = frozenset(after.split()[-1].split(","))
            yield _Mount(point, root, controllers, 2 if kind == "cgroup2" else 1)


def _plain(field: str) -> str:
    """A field of mountinfo, whose blanks are written as octal numbers."""
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), field)


def _text(file: Path) -> str:
    """A file's content; empty where it cannot be read."""
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""

"""The limits of containers, jobs and services, however their control groups are laid out."""

from __future__ import annotations

from pathlib import Path

import pytest

from instseg_ui.cgroups import cpu_limit, memory_limit

MB = 2**20
V1 = "{n} 1 0:{n} {root} /sys/fs/cgroup/{name} rw,nosuid - cgroup cgroup rw,{name}\n"
V2 = "40 1 0:40 {root} {point} rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"


def laid_out(host: Path, groups: str, mounts: str, **files: str) -> Path:
    """A machine whose control groups' files are `files`, below `/sys/fs/cgroup`."""
    for name, text in {"proc/self/cgroup": groups, "proc/self/mountinfo": mounts}.items():
        (host / name).parent.mkdir(parents=True, exist_ok=True)
        (host / name).write_text(text)
    for name, text in files.items():
        file = host / "sys/fs/cgroup" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n")
    return host


def v1(host: Path, group: str, root: str, **files: str) -> Path:
    names = ("cpu,cpuacct", "memory")
    groups = "".join(f"{n}:{name}:{group}\n" for n, name in enumerate(names, 3)) + "1:name=x:/\n"
    mounts = "".join(V1.format(n=n, root=root, name=name) for n, name in enumerate(names, 40))
    return laid_out(host, groups, mounts, **files)


def v2(
    host: Path, group: str, root: str = "/", point: str = "/sys/fs/cgroup", **files: str
) -> Path:
    return laid_out(host, f"0::{group}\n", V2.format(root=root, point=point), **files)


def quota(folder: str, cores: float) -> dict[str, str]:
    return {
        f"{folder}/cpu.cfs_quota_us": str(int(cores * 100_000)),
        f"{folder}/cpu.cfs_period_us": "100000",
    }


def test_a_container_of_version_1(tmp_path: Path) -> None:
    files = quota("cpu,cpuacct", 2) | {"memory/memory.limit_in_bytes": str(512 * MB)}
    host = v1(tmp_path, "/docker/0123", "/docker/0123", **files)
    assert (cpu_limit(host), memory_limit(host)) == (2, 512 * MB)


def test_a_jobs_group_of_version_1_and_the_smaller_limit_above_it(tmp_path: Path) -> None:
    files = quota("cpu,cpuacct/slurm/job", 4) | quota("cpu,cpuacct/slurm", 1.5)
    files["memory/slurm/job/memory.limit_in_bytes"] = "9223372036854771712"
    files["memory/slurm/memory.limit_in_bytes"] = str(700 * MB)
    host = v1(tmp_path, "/slurm/job", "/", **files)
    assert (cpu_limit(host), memory_limit(host)) == (1.5, 700 * MB)


def test_a_limit_above_a_container_of_version_1_which_it_cannot_see(tmp_path: Path) -> None:
    stat = f"cache 1\nhierarchical_memory_limit {256 * MB}\ntotal_rss 4"
    host = v1(tmp_path, "/docker/1", "/docker/1", **{"memory/memory.stat": stat})
    assert memory_limit(host) == 256 * MB


@pytest.mark.parametrize("limited", ["a.slice/b.service", "a.slice", "."])
def test_a_service_of_version_2_is_bound_by_its_group_and_all_above(
    tmp_path: Path, limited: str
) -> None:
    files = {"a.slice/b.service/cpu.max": "max 100000", "a.slice/b.service/memory.max": "max"}
    files |= {f"{limited}/cpu.max": "50000 100000", f"{limited}/memory.max": str(300 * MB)}
    host = v2(tmp_path, "/a.slice/b.service", **files)
    assert (cpu_limit(host), memory_limit(host)) == (0.5, 300 * MB)


def test_a_group_that_is_slowed_down_before_its_limit(tmp_path: Path) -> None:
    files = {"memory.max": str(800 * MB), "memory.high": str(600 * MB)}
    assert memory_limit(v2(tmp_path, "/", **files)) == 600 * MB


@pytest.mark.parametrize("group", ["/", "/../outside", "/docker/other"])
def test_a_group_outside_of_what_is_mounted_is_bound_by_what_is_seen(
    tmp_path: Path, group: str
) -> None:
    host = v2(tmp_path, group, root="/docker/0123", **{"cpu.max": "300000 100000"})
    assert cpu_limit(host) == 3


def test_version_2_beside_version_1_and_a_place_with_a_blank(tmp_path: Path) -> None:
    host = v1(
        tmp_path, "/x", "/x", **quota("cpu,cpuacct", 3), **{"my groups/x/memory.max": "1048576"}
    )
    with (host / "proc/self/cgroup").open("a") as file:
        file.write("0::/x\n")
    with (host / "proc/self/mountinfo").open("a") as file:
        file.write(V2.format(root="/", point="/sys/fs/cgroup/my\\040groups"))
    assert (cpu_limit(host), memory_limit(host)) == (3, MB)


@pytest.mark.parametrize("text", ["", "max", "-1", "0 0", "a b", "100000", "100000 0"])
def test_what_is_no_limit_is_none(tmp_path: Path, text: str) -> None:
    host = v2(tmp_path, "/", **{"cpu.max": text, "memory.max": "max"})
    assert (cpu_limit(host), memory_limit(host)) == (None, None)


def test_a_machine_without_control_groups(tmp_path: Path) -> None:
    assert (cpu_limit(tmp_path), memory_limit(tmp_path)) == (None, None)

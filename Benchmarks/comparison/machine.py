"""What a run was made on and with."""

import os
import platform
import re
from pathlib import Path

from .servers import version


def describe(directory: Path) -> dict[str, str]:
    """The machine, and the file system that `directory` is on."""
    return {
        "cpu": _first_match(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo")),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory_kib": _first_match(r"MemTotal:\s*(\d+)", Path("/proc/meminfo")),
        "kernel": platform.release(),
        "file_system": _file_system(directory),
    }


def versions() -> dict[str, str]:
    """What the contenders are made of."""
    return {
        "libzmq": version(["pkg-config", "--modversion", "libzmq"]),
        "lmdb": version(["pkg-config", "--modversion", "lmdb"]),
        "nats-server": version(["nats-server", "--version"]),
        "redis-server": version(["redis-server", "--version"]),
    }


def _first_match(pattern: str, file: Path) -> str:
    try:
        found = re.search(pattern, file.read_text())
    except OSError:
        return "unknown"
    return found[1].strip() if found else "unknown"


def _file_system(directory: Path) -> str:
    """Type and device of the mount that holds `directory`, with the options it is mounted with."""
    best, answer = -1, "unknown"
    for line in Path("/proc/mounts").read_text().splitlines():
        device, mount, kind, options = line.split()[:4]
        if directory.resolve().is_relative_to(mount) and len(mount) >= best:
            best, answer = len(mount), f"{kind} on {device} ({options})"
    return answer

"""Who takes part in the comparison, and how each of them is run once."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import servers

RUN_SECONDS = 600
PEER_SIZE = 50_000
"""The servers take part at this size only, unless they are asked for by name."""


class RunFailed(Exception):
    """A run that gave no result; the message says why."""


@dataclass(frozen=True)
class Contender:
    """One system in one setting."""

    name: str
    transport: str
    sync: str
    """What is on disk before a frame is acknowledged, in the system's own words; "off": it has no archive."""

    @property
    def key(self) -> str:
        return f"{self.name}-{self.transport}-{self.sync}"

    def part_of(self, frames: int) -> int:
        """How many frames of a turn it gets: who syncs each by itself is so slow that a quarter tells as much."""
        return max(1, frames // 4) if self.sync == "always" else frames

    @property
    def reference(self) -> "Contender | None":
        """What it is measured against: the least that must be done for the same promise over the same transport."""
        if self.name in ("forwarder", "ceiling"):
            return None
        if self.sync == "off":
            return Contender("forwarder", self.transport, "off")
        waits_for_disk = self.sync in ("full", "always")
        return Contender("ceiling", self.transport, "full" if waits_for_disk else "none")


@dataclass(frozen=True)
class Programs:
    """Where programs are."""

    zoetrope: Path
    peers: Path

    def of(self, contender: Contender) -> Path:
        """The program that runs the whole job for a contender."""
        return self.zoetrope / "bench" if contender.name in OURS else self.peers / contender.name


OURS = ("zoetrope", "apart")
"""Zoetrope as shipped, and the same with all payloads through the connections, as between hosts."""

# A contender stands beside its reference, so that what changes on the machine meanwhile meets both.
ALL = [
    Contender(name, transport, sync)
    for reference, sync in (("forwarder", "off"), ("ceiling", "full"), ("ceiling", "none"))
    for transport in ("tcp", "ipc")
    for name in (reference, *OURS)
    if name != "apart" or (transport == "tcp" and sync != "none")
] + [
    Contender("jetstream", "tcp", "default"),
    Contender("jetstream", "tcp", "always"),
    Contender("redis", "tcp", "everysec"),
    Contender("redis", "ipc", "everysec"),
    Contender("redis", "tcp", "always"),
    Contender("redis", "ipc", "always"),
]
NAMES = sorted({contender.name for contender in ALL})


def taking_part(only: list[str], transports: list[str]) -> list[Contender]:
    """The contenders of these names (all of them when there are none) and transports that this machine can run."""
    chosen = [c for c in ALL if c.transport in transports and (not only or c.name in only)]
    always = next((c for c in chosen if c.name == "jetstream" and c.sync == "always"), None)
    if always and not servers.nats_can_sync_always():
        chosen.remove(always)
    return chosen


def run(contender: Contender, frames: int, size: int, programs: Programs, directory: Path) -> float:
    """Runs the job once, with everything in `directory`; returns frames a second."""
    with _server(contender, size, directory) as address:
        command = _command(contender, frames, size, programs, directory)
        output = _output(command + (["--server", address] if address else []), directory)
    try:
        result = json.loads(output.strip().splitlines()[-1])
        told = (result["frames"], result["size"], result["transport"])
        rate = float(result["frames_per_second"])
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise RunFailed(f"{contender.key} printed no result ({error!r}): {output[-300:]!r}") from error
    if told != (frames, size, contender.transport) or rate <= 0:
        raise RunFailed(f"{contender.key} did another job than it was asked for: {output.strip()}")
    return rate


@contextmanager
def _server(contender: Contender, size: int, directory: Path) -> Iterator[str | None]:
    """A fresh server for who needs one; gives its address."""
    if contender.name == "jetstream":
        with servers.nats(directory, contender.sync, size) as address:
            yield address
    elif contender.name == "redis":
        with servers.redis(directory, contender.sync, contender.transport) as address:
            yield address
    else:
        yield None


def _command(contender: Contender, frames: int, size: int, programs: Programs, directory: Path) -> list[str]:
    job = ["--frames", str(frames), "--size", str(size), "--transport", contender.transport]
    program = str(programs.of(contender))
    if contender.name not in OURS:
        return [program, *job, "--sync", contender.sync, "--directory", str(directory)]
    archive = ["--sync", "none", "--no-archive"] if contender.sync == "off" else ["--sync", contender.sync]
    apart = ["--no-shared-memory"] if contender.name == "apart" else []
    return [program, "endtoend", *job, *archive, *apart, "--json"]


def _output(command: list[str], directory: Path) -> str:
    """What the command prints; it and all it started are ended when it takes too long."""
    environment = os.environ | {"TMPDIR": str(directory)}
    try:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
        )
    except OSError as error:
        raise RunFailed(f"{command[0]} cannot be run: {error.strerror}") from error
    try:
        output, errors = process.communicate(timeout=RUN_SECONDS)
    except BaseException as error:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if isinstance(error, subprocess.TimeoutExpired):
            raise RunFailed(f"{' '.join(command)} took more than {RUN_SECONDS} s") from error
        raise
    if process.returncode != 0:
        raise RunFailed(f"{' '.join(command)} ended with {process.returncode}: {errors.strip()[-500:]}")
    return output

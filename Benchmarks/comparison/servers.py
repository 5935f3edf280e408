"""The servers of the peers: each started fresh for one turn, in a directory of its own, on a free port, and ended."""

import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 30
STOP_SECONDS = 60


class ServerFailed(Exception):
    """A server that did not start; the message says why."""


@contextmanager
def nats(directory: Path, sync: str, size: int) -> Iterator[str]:
    """nats-server with JetStream in files; gives its URL.

    A frame is in the page cache when it is acknowledged, and fsynced every two minutes ("default") or before ("always").
    """
    port = _free_port()
    settings = directory / "nats.conf"
    settings.write_text(_nats_settings(directory, port, sync, size))
    with _serving(["nats-server", "-c", str(settings)], directory, lambda: _answers(port)):
        yield f"nats://127.0.0.1:{port}"


def _nats_settings(directory: Path, port: int, sync: str, size: int) -> str:
    lines = [f'listen: "127.0.0.1:{port}"']
    if size > 900_000:  # The server takes no more than 1 MiB by default.
        lines.append(f"max_payload: {size + 65_536}")
    always = ", sync_interval: always" if sync == "always" else ""
    lines.append(f'jetstream {{ store_dir: "{directory / "jetstream"}"{always} }}')
    return "\n".join(lines) + "\n"


def nats_can_sync_always() -> bool:
    """Whether the installed nats-server knows `sync_interval` (2.10 and later do)."""
    found = re.search(r"v(\d+)\.(\d+)", version(["nats-server", "--version"]))
    return found is not None and (int(found[1]), int(found[2])) >= (2, 10)


@contextmanager
def redis(directory: Path, sync: str, transport: str) -> Iterator[str]:
    """redis-server with its append-only file as the only store; gives HOST:PORT, or the path of its socket.

    No snapshots and no rewriting of the file, either of which would fork and write everything again during a run.
    """
    path = directory / "redis.sock"
    port = _free_port() if transport == "tcp" else 0
    command = ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--dir", str(directory), "--daemonize", "no"]
    command += ["--save", "", "--appendonly", "yes", "--appendfsync", sync, "--auto-aof-rewrite-percentage", "0"]
    if transport == "ipc":
        command += ["--unixsocket", str(path)]
    with _serving(command, directory, lambda: _answers(port) if port else path.exists()):
        yield f"127.0.0.1:{port}" if port else str(path)


@contextmanager
def _serving(command: list[str], directory: Path, is_ready: Callable[[], bool]) -> Iterator[None]:
    log = directory / "server.log"
    with log.open("wb") as file:
        try:
            process = subprocess.Popen(command, stdout=file, stderr=file, cwd=directory)
        except OSError as error:
            hint = "Benchmarks/Peers/install.sh installs it"
            raise ServerFailed(f"{command[0]} cannot be run: {error.strerror}; {hint}") from error
    try:
        _await(command[0], process, is_ready, log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(name: str, process: subprocess.Popen[bytes], is_ready: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise ServerFailed(f"{name} does not start: {log.read_text(errors='replace')[-500:]}")
        time.sleep(0.02)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def version(command: list[str]) -> str:
    """What a program says its version is, or "not installed"."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "not installed"

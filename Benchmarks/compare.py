#!/usr/bin/env python3
"""Zoetrope beside what people would use instead: one job, one machine, one run, turn by turn.

The job is the same for all: 2 producers, 1 group of 2 workers who read every byte, 1 store. Each producer has at most
16 MiB (and 4 to 1,024 frames) under way that are not acknowledged. In each round every contender runs once, each round
begins with another, and the medians count; ratios are taken round by round. Everything a turn writes is in a directory of
its own under ${TMPDIR:-/var/tmp}, which is deleted after it; before each turn all that is dirty goes to the disk.

Latency, the number of cameras, memory and the cost of many peers are measured by other commands of `bench`.

exit code 1: a run failed, or, with --check, a ratio is below its threshold
"""

import argparse
import json
import os
import shlex
import shutil
import signal
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from comparison import aims, contenders, machine, report
from comparison.contenders import Contender, Programs, RunFailed
from comparison.servers import ServerFailed

HERE = Path(__file__).resolve().parent
JOB_BYTES = 600_000_000
"""About so much goes through in a turn when --frames does not say otherwise."""
MOST_TOUCHED = 2_000_000_000


def main() -> int:
    signal.signal(signal.SIGTERM, _end)
    options = _options()
    thresholds = _thresholds(options)
    if options.check and not thresholds:
        print(f"{options.thresholds} has no thresholds: nothing to check.")
        return 0
    plan = _plan(options, [aim for aim, _ in thresholds])
    _require_programs(options, plan)
    rates, failures = _measure(options, plan)
    _print(options, rates)
    if options.json:
        options.json.write_text(json.dumps(_as_object(options, rates, failures), indent=2) + "\n")
    sentences = failures + aims.complaints(thresholds, rates)
    for sentence in sentences:
        print(f"error: {sentence}", file=sys.stderr)
    return 1 if sentences else 0


def _end(number: int, _frame: FrameType | None) -> None:
    """An exception, so that whatever runs is ended and its files are deleted."""
    raise SystemExit(128 + number)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=_positive, default=5, help="rounds (5)")
    parser.add_argument("--sizes", type=_numbers, default=[50_000], metavar="BYTES,...", help="bytes of a frame (50000)")
    parser.add_argument("--frames", type=_positive, help="frames of a turn (as many as make 600 MB, but 200 to 200,000)")
    parser.add_argument("--only", type=_words(contenders.NAMES), default=[], metavar="NAME,...",
                        help=f"of {', '.join(contenders.NAMES)}; without it the servers run at 50,000 bytes only")
    parser.add_argument("--transport", type=_words(["tcp", "ipc"]), default=["tcp", "ipc"], metavar="tcp,ipc")
    parser.add_argument("--bin", type=Path, default=HERE.parent / ".build/release", help="where Zoetrope's programs are")
    parser.add_argument("--peers", type=Path, default=HERE / ".build/peers", help="where the peers' programs are")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything there, each turn's figure too")
    parser.add_argument("--markdown", action="store_true", help="print the tables as Markdown")
    parser.add_argument("--check", action="store_true", help="run what thresholds name, and compare with them")
    parser.add_argument("--thresholds", type=Path, default=HERE / "thresholds.json", metavar="FILE")
    return parser.parse_args()


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return value


def _numbers(text: str) -> list[int]:
    return [_positive(word) for word in text.split(",")]


def _words(known: list[str]) -> Callable[[str], list[str]]:
    def parse(text: str) -> list[str]:
        words = text.split(",")
        for word in words:
            if word not in known:
                raise argparse.ArgumentTypeError(f"'{word}' is none of {', '.join(known)}")
        return words

    return parse


def _thresholds(options: argparse.Namespace) -> list[tuple[aims.Aim, float]]:
    try:
        return aims.read_thresholds(options.thresholds) if options.check else []
    except aims.BadThresholds as error:
        sys.exit(f"error: {error}")


def _plan(options: argparse.Namespace, checked: list[aims.Aim]) -> list[tuple[Contender, int]]:
    """Who runs at which size; for a check, only who has a part in a threshold."""
    chosen = contenders.taking_part(options.only, options.transport)
    if checked:
        wanted = {(c.key, aim.size) for aim in checked for c in (aim.ours, aim.against) if c}
        return [(c, size) for size in sorted({aim.size for aim in checked}) for c in chosen if (c.key, size) in wanted]
    return [
        (contender, size)
        for size in options.sizes
        for contender in chosen
        if size == contenders.PEER_SIZE or options.only or contender.name not in ("jetstream", "redis")
    ]


def _require_programs(options: argparse.Namespace, plan: list[tuple[Contender, int]]) -> None:
    """Says at once what is missing, and not after the first contenders have run."""
    programs = _programs(options)
    missing = sorted({str(path) for contender, _ in plan if not (path := programs.of(contender)).exists()})
    if missing:
        hint = "Build with `make bench-build`, say --bin, or leave them out with --only"
        sys.exit(f"error: {', '.join(missing)}: not there. {hint}.")


def _programs(options: argparse.Namespace) -> Programs:
    return Programs(options.bin.resolve(), options.peers.resolve())


def _measure(options: argparse.Namespace, plan: list[tuple[Contender, int]]) -> tuple[aims.Rates, list[str]]:
    rates: aims.Rates = defaultdict(dict)
    failures: list[str] = []
    programs = _programs(options)
    for number in range(options.turns):
        # Each round begins elsewhere, so that none always runs after the same one or always first.
        start = number * len(plan) // options.turns
        for contender, size in plan[start:] + plan[:start]:
            try:
                rate = _turn(contender, contender.part_of(_frames(options, size)), size, programs)
            except (RunFailed, ServerFailed) as error:
                failures.append(str(error))
                _say(f"round {number + 1}: {contender.key}, {size:,} bytes: {error}")
                continue
            rates[contender.key, size][number] = rate
            _say(f"round {number + 1}: {contender.key}, {size:,} bytes: {rate:,.0f} frames/s")
    return rates, failures


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _turn(contender: Contender, frames: int, size: int, programs: Programs) -> float:
    directory = Path(tempfile.mkdtemp(prefix="zoetrope-compare.", dir=_base()))
    try:
        _touch_memory(directory, min(2 * frames * size, MOST_TOUCHED))
        os.sync()
        return contenders.run(contender, frames, size, programs, directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _touch_memory(directory: Path, byte_count: int) -> None:
    """Fills as much of the page cache as a turn may, and lets go of it.

    The host of a virtual machine takes back memory that lies idle, and each page of it costs several times as much to
    write to once more: else that would be paid by some turns and not by others.
    """
    path = directory / "memory"
    block = bytes(1 << 20)
    with path.open("wb", buffering=0) as file:
        for _ in range(byte_count // len(block)):
            file.write(block)
    path.unlink()


def _base() -> Path:
    return Path(os.environ.get("TMPDIR") or "/var/tmp")


def _frames(options: argparse.Namespace, size: int) -> int:
    return options.frames or min(200_000, max(200, JOB_BYTES // size))


def _print(options: argparse.Namespace, rates: aims.Rates) -> None:
    facts = machine.describe(_base()) | machine.versions() | {"command": _command()}
    for name, value in facts.items():
        print(f"- {name}: {value}" if options.markdown else f"{name}: {value}")
    for size in sorted({size for _, size in rates}):
        frames = _frames(options, size)
        print(f"\nFrames of {size:,} bytes, {frames:,} a turn, medians of {options.turns} turns\n")
        print(report.results_table(report.rows(rates, size), options.markdown))
    if table := report.aims_table(rates, options.markdown):
        print(f"\nWhat is asked for\n\n{table}")


def _command() -> str:
    return shlex.join(["Benchmarks/compare.py", *sys.argv[1:]])


def _as_object(options: argparse.Namespace, rates: aims.Rates, failures: list[str]) -> dict[str, object]:
    sizes = sorted({size for _, size in rates})
    return {
        "command": _command(),
        "machine": machine.describe(_base()),
        "versions": machine.versions(),
        "settings": {"turns": options.turns, "frames": {str(size): _frames(options, size) for size in sizes}},
        "results": [row.as_object() for size in sizes for row in report.rows(rates, size)],
        "ratios": report.aims_as_objects(rates),
        "failures": failures,
    }


if __name__ == "__main__":
    sys.exit(main())

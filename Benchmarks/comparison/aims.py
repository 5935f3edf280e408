"""What is asked of Zoetrope, as ratios between contenders of one run."""

import json
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from .contenders import Contender

MARK = 6811.0
"""Frames of 50,000 bytes a second that a three-node, twelve-core commercial cluster took in."""

Rates = dict[tuple[str, int], dict[int, float]]
"""Frames a second: of (contender's key, size), by round."""


@dataclass(frozen=True)
class Aim:
    """A ratio that is asked for."""

    name: str
    """As thresholds.json calls it."""
    text: str
    ours: Contender
    against: Contender | None
    """None: the mark."""
    least: float
    size: int = 50_000

    def reached(self, rates: Rates) -> float | None:
        """The median of the ratios of all rounds that measured both; None when none did."""
        ours = rates.get((self.ours.key, self.size), {})
        if self.against is None:
            return median(rate / MARK for rate in ours.values()) if ours else None
        return median_ratio(ours, rates.get((self.against.key, self.size), {}))


def median_ratio(ours: dict[int, float], theirs: dict[int, float]) -> float | None:
    """Round by round, so that a machine that is slower for a while is so for both."""
    ratios = [ours[number] / theirs[number] for number in ours if number in theirs]
    return median(ratios) if ratios else None


def _zoetrope(transport: str, sync: str) -> Contender:
    return Contender("zoetrope", transport, sync)


def _of(transport: str) -> list[Aim]:
    """What is asked over one transport. JetStream has tcp only, and so is what stands against both."""
    off, full, none = (_zoetrope(transport, sync) for sync in ("off", "full", "none"))
    jetstream = Contender("jetstream", "tcp", "default")
    forwarder = Contender("forwarder", transport, "off")
    ceiling = Contender("ceiling", transport, "full")
    return [
        Aim(f"hop-{transport}", "broker hop, no archive, against the forwarder", off, forwarder, 0.95),
        Aim(f"full-{transport}", "fsync before ack, against the ceiling", full, ceiling, 0.90),
        Aim(f"none-jetstream-{transport}", "page cache before ack, against JetStream's default", none, jetstream, 2.0),
        Aim(f"none-redis-{transport}", "page cache before ack, against Redis everysec", none,
            Contender("redis", transport, "everysec"), 1.2),
        Aim(f"full-jetstream-{transport}", "fsync before ack, against JetStream's default", full, jetstream, 1.2),
        Aim(f"mark-{transport}", f"fsync before ack, against {MARK:,.0f} frames/s", full, None, 1.0),
        Aim(f"small-hop-{transport}", "broker hop of 1,000 bytes, no archive, against the forwarder", off, forwarder, 0.5,
            size=1_000),
    ]


ALL = _of("tcp") + _of("ipc") + [
    Aim("hop-apart", "broker hop between hosts, no archive, against the forwarder", Contender("apart", "tcp", "off"),
        Contender("forwarder", "tcp", "off"), 0.95),
    Aim("full-apart", "fsync before ack between hosts, against the ceiling", Contender("apart", "tcp", "full"),
        Contender("ceiling", "tcp", "full"), 0.90),
    Aim("full-redis-ipc", "fsync before ack, against Redis always", _zoetrope("ipc", "full"),
        Contender("redis", "ipc", "always"), 2.0),
]


class BadThresholds(Exception):
    """A file of thresholds that cannot be used; the message says why."""


def read_thresholds(path: Path) -> list[tuple[Aim, float]]:
    """The aims that the file names, each with the least ratio that is let through."""
    aims = {aim.name: aim for aim in ALL}
    try:
        entries = json.loads(path.read_text())
        return [(aims[name], float(least)) for name, least in entries.items()]
    except KeyError as error:
        raise BadThresholds(f"{path} names {error}, which is no ratio; there are: {', '.join(sorted(aims))}") from error
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise BadThresholds(f"{path} cannot be read: {error}") from error


def complaints(thresholds: list[tuple[Aim, float]], rates: Rates) -> list[str]:
    """A sentence for each ratio that is below its threshold, or was not measured."""
    sentences = []
    for aim, least in thresholds:
        reached = aim.reached(rates)
        if reached is None or reached < least:
            found = "was not measured" if reached is None else f"is {reached:.2f}"
            sentences.append(f"{aim.name} ({aim.text}, {aim.ours.transport}) {found}; it has to be {least:.2f} at least.")
    return sentences

"""What comes out: tables for people, and one object for programs."""

from dataclasses import dataclass
from statistics import median
from typing import Any

from . import aims
from .contenders import ALL, Contender


@dataclass(frozen=True)
class Row:
    """One contender at one size, over all rounds."""

    contender: Contender
    size: int
    rates: dict[int, float]
    ratio: float | None

    @property
    def rate(self) -> float:
        return median(self.rates.values())

    @property
    def spread_percent(self) -> float:
        return (max(self.rates.values()) - min(self.rates.values())) / self.rate * 100

    def as_object(self) -> dict[str, Any]:
        return {
            "contender": self.contender.name, "transport": self.contender.transport, "sync": self.contender.sync,
            "size": self.size, "frames_per_second": round(self.rate, 1),
            "megabytes_per_second": round(self.rate * self.size / 1e6, 1), "spread_percent": round(self.spread_percent, 1),
            "reference": self.contender.reference.key if self.contender.reference else None,
            "ratio": round(self.ratio, 3) if self.ratio is not None else None,
            "turns": [round(rate, 1) for rate in self.rates.values()],
        }


def rows(rates: aims.Rates, size: int) -> list[Row]:
    """The contenders that have a result at this size."""
    return [
        Row(contender, size, rates[contender.key, size], _ratio(contender, size, rates))
        for contender in ALL
        if rates.get((contender.key, size))
    ]


def _ratio(contender: Contender, size: int, rates: aims.Rates) -> float | None:
    if contender.reference is None:
        return None
    return aims.median_ratio(rates[contender.key, size], rates.get((contender.reference.key, size), {}))


def results_table(size_rows: list[Row], markdown: bool) -> str:
    """Medians and spreads of one size."""
    head = ["contender", "transport", "sync", "frames/s", "MB/s", "spread", "ratio", "against"]
    body = [
        [
            row.contender.name, row.contender.transport, row.contender.sync, f"{row.rate:,.0f}",
            f"{row.rate * row.size / 1e6:,.0f}", f"{row.spread_percent:.0f} %",
            "" if row.ratio is None else f"{row.ratio:.2f}",
            f"{row.contender.reference.name} {row.contender.reference.sync}" if row.contender.reference else "",
        ]
        for row in size_rows
    ]
    return _table(head, body, "lllrrrrl", markdown)


def aims_table(rates: aims.Rates, markdown: bool) -> str:
    """The ratios that are asked for, as far as this run measured them."""
    body = []
    for aim in aims.ALL:
        reached = aim.reached(rates)
        if reached is not None:
            verdict = "reached" if reached >= aim.least else "missed"
            body.append([aim.name, aim.text, aim.ours.transport, f"{aim.least:.2f}", f"{reached:.2f}", verdict])
    return _table(["name", "measure", "transport", "aim", "ratio", ""], body, "lllrrl", markdown) if body else ""


def aims_as_objects(rates: aims.Rates) -> list[dict[str, Any]]:
    """The same for programs."""
    return [
        {"name": aim.name, "measure": aim.text, "transport": aim.ours.transport, "size": aim.size, "aim": aim.least,
         "ratio": round(reached, 3), "is_reached": reached >= aim.least}
        for aim in aims.ALL
        if (reached := aim.reached(rates)) is not None
    ]


def _table(head: list[str], body: list[list[str]], sides: str, markdown: bool) -> str:
    widths = [max(len(line[column]) for line in [head, *body]) for column in range(len(head))]
    lines = [
        [cell.ljust(width) if side == "l" else cell.rjust(width) for cell, width, side in zip(line, widths, sides)]
        for line in [head, *body]
    ]
    if not markdown:
        return "\n".join("  ".join(line).rstrip() for line in lines)
    rule = ["-" * width if side == "l" else "-" * (width - 1) + ":" for width, side in zip(widths, sides)]
    return "\n".join("| " + " | ".join(line) + " |" for line in [lines[0], rule, *lines[1:]])

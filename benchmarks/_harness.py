"""Interleaved measurement: A B C A B C, medians of ratios within a round, and a verdict that sets the exit code."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Claim:
    """``value`` is measured; it holds when ``value >= least`` (or ``value <= most``)."""

    text: str
    value: float
    least: float | None = None
    most: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the measured value is within the bound."""
        return (self.least is None or self.value >= self.least) and (self.most is None or self.value <= self.most)


def arguments(description: str) -> argparse.Namespace:
    """The one option that all benchmarks share: ``--quick`` measures less, to see that the script works."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="few rounds and little data")
    return parser.parse_args()


def interleave(variants: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Run every variant once a round, in turn; each returns its own figure (a rate or a time)."""
    results: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(rounds):
        for name, run in variants.items():
            results[name].append(run())
    return results


def rate(work: Callable[[], int]) -> float:
    """Items per second of a call that returns how many items it did."""
    start = time.perf_counter()
    done = work()
    return done / (time.perf_counter() - start)


def ratio(results: Mapping[str, list[float]], above: str, below: str) -> float:
    """The median over rounds of ``above / below``: each round compares what ran next to each other."""
    return median(a / b for a, b in zip(results[above], results[below], strict=True))


def table(results: Mapping[str, list[float]], unit: str) -> None:
    """Print each variant's median and range."""
    width = max(map(len, results))
    for name, values in results.items():
        print(f"  {name:{width}}  {median(values):12,.2f} {unit}   ({min(values):,.2f} to {max(values):,.2f})")


def verdict(*claims: Claim) -> None:
    """Print every claim with its bound and exit 1 if one does not hold."""
    for claim in claims:
        bound = f">= {claim.least:g}" if claim.least is not None else f"<= {claim.most:g}"
        print(f"{'holds ' if claim.holds else 'MISSED'}  {claim.text}: {claim.value:.3g} (claimed {bound})")
    sys.exit(0 if all(claim.holds for claim in claims) else 1)

"""What every script prints alike: figures with their baseline, the ratio of the two, the target, and the verdict."""

import math
import os
from collections.abc import Sequence


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of all does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


def load() -> str:
    """How busy the machine is: figures of a machine that others use tell less."""
    return f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


class Targets:
    """Collects what was asked and what came out; the exit status says whether all of it was met."""

    def __init__(self) -> None:
        self._missed: list[str] = []

    def at_most(self, what: str, value: float, limit: float, unit: str = "") -> bool:
        return self.holds(what, value <= limit, f"{value:,.2f}{unit}, target at most {limit:g}{unit}")

    def at_least(self, what: str, value: float, limit: float, unit: str = "") -> bool:
        return self.holds(what, value >= limit, f"{value:,.2f}{unit}, target at least {limit:g}{unit}")

    def holds(self, what: str, is_met: bool, words: str) -> bool:
        print(f"{'met   ' if is_met else 'MISSED'}  {what}: {words}")
        if not is_met:
            self._missed.append(what)
        return is_met

    def status(self) -> int:
        print(load())
        return 1 if self._missed else 0

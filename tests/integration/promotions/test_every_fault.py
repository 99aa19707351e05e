"""Every fault that the emulator can make, at every operation: how it ends, what a person reads, and what was sent.

`every_fault.md` is the table. What is not known for certain is never sent twice: the last columns say how often a
write went out, and how many jobs the platform made of it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import stamina

from tests.integration.promotions.conftest import Platform
from tests.integration.promotions.fault_operations import OPERATIONS, End, Scene, carry_out

# The same on every database: the engine's own tests run on both.
pytestmark = [pytest.mark.django_db, pytest.mark.only_on("sqlite")]

TABLE = Path(__file__).with_name("every_fault.md")


@dataclass(frozen=True)
class Row:
    operation: str
    fault: str
    when: str
    options: dict[str, Any]
    end: End

    def __str__(self) -> str:
        more = "".join(f" {name}={value}" for name, value in self.options.items())
        return f"{self.operation}, {self.fault} {self.when}{more}"


def rows() -> Iterator[Row]:
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if not line.startswith("|") or cells[0] in ("operation", "---"):
            continue
        operation, fault, when, options, state, kind, sent, effects, sentence = cells
        found = json.loads(options.strip("`")) if options else {}
        yield Row(operation, fault, when, found, End(state, kind, sentence, int(sent), int(effects)))


ROWS = list(rows())


@pytest.fixture(autouse=True)
def _patience(settings: Any) -> Iterator[None]:
    """Calls are tried as often as ever, but without the pauses in between, and a write has a second."""
    settings.SUBMIT_DEADLINE_S = 1
    with stamina.set_testing(True, attempts=4, cap=True):
        yield


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_fault_ends_as_the_table_says(platform: Platform, row: Row) -> None:
    scene = Scene(platform)

    end = carry_out(scene, row.operation, row.fault, row.when, row.options)

    assert end == row.end


def test_every_fault_of_the_emulator_has_its_rows(platform: Platform) -> None:
    faults = platform.faults()
    wanted = {
        (name, fault, when)
        for name, operation in OPERATIONS.items()
        for fault, concerns in faults.items()
        if set(concerns) & set(operation.concerns)
        for when in (operation.times if "any" in concerns else ("before",))
    }

    there = {(row.operation, row.fault, row.when) for row in ROWS}

    assert wanted <= there, f"Without a row: {sorted(wanted - there)}"
    assert {fault for _, fault, _ in there} == set(faults)


def test_nothing_is_ever_made_twice() -> None:
    assert [str(row) for row in ROWS if row.end.effects > 1] == []

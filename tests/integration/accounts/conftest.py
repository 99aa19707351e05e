"""Accounts against the emulator on a real port."""

from collections.abc import Iterator
from typing import Any

import pytest

from emulator import credentials
from emulator.app import create_app
from emulator.server import RunningServer, run_in_thread


@pytest.fixture
def emulator() -> Iterator[RunningServer]:
    with run_in_thread(create_app(seed="demo", speed=0)) as server:
        yield server


@pytest.fixture
def document(emulator: RunningServer) -> dict[str, Any]:
    """What `python -m emulator --credentials` prints for this server."""
    return credentials.describe("demo", emulator.url)

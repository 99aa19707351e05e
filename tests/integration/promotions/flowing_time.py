"""An emulator whose time goes by itself: for commands, which wait in the test's own process."""

from collections.abc import Iterator

import pytest

from emulator.app import create_app
from emulator.server import run_in_thread
from tests.integration.promotions.conftest import Platform


@pytest.fixture
def platform() -> Iterator[Platform]:
    """In the place of the one whose time a test moves on."""
    server = run_in_thread(create_app(seed="demo", speed=200))
    found = Platform(server)
    yield found
    found.close()
    server.stop()

import pytest

from tests.integration.emulator.platform import Platform


@pytest.fixture
def platform() -> Platform:
    """Acme's all-rights robot on the small seed, with a clock that only the test moves."""
    return Platform()


@pytest.fixture
def demo() -> Platform:
    """The same robot on the demo seed."""
    return Platform("demo")

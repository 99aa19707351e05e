"""Real services for tests, loaded as a pytest plugin: Valkey for every test, PostgreSQL and Chromium where asked for.

A missing program skips the tests that need it and says so; with TOWPATH_CI=1 it fails them instead.
"""

import gc
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest

from config import embedded, valkey
from tests import postgres as postgres_cluster
from tests import prepared
from tests.processes import wait_until

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_ARGUMENTS = [
    "--headless",
    "--no-sandbox",  # CI runs as root, where Chromium's own sandbox refuses to start
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def miss(program: str, cure: str) -> NoReturn:
    """Skip because a program is not there, or fail where it has to be."""
    reason = f"{program} is not on this machine. {cure}"
    if os.environ.get("TOWPATH_CI") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what holds on the other database only (`only_on("sqlite")`): that is no missing program.

    What uses no database at all, what is said on pages, by the API and by commands, and what platforms may answer, is
    tested once, with the default one; that every route gets on with PostgreSQL is seen by the access table. Fast
    tests come first. What takes minutes, and then the browsers, begin half way through them, so that no worker is left
    with one of those when the others have nothing to do. The tests of a browser's file share one installation, and
    those that start a PostgreSQL share that, so they stay with one worker.
    """
    is_postgres = os.environ.get("DATABASE_URL", "").startswith("postgres")
    vendor = "postgresql" if is_postgres else "sqlite"
    elsewhere = [item for item in items if (mark := item.get_closest_marker("only_on")) and vendor not in mark.args]
    if is_postgres:
        once = [item for item in items if not _uses_database(item) or _is_about_a_face(item) or _is_about_answers(item)]
        elsewhere += [item for item in once if item not in elsewhere]
    if elsewhere:
        config.hook.pytest_deselected(items=elsewhere)
        items[:] = [item for item in items if item not in elsewhere]
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
        elif "postgres" in getattr(item, "fixturenames", ()) or item.get_closest_marker("postgres"):
            item.add_marker(pytest.mark.xdist_group("postgres"))
    fast, slow, browsers = ([item for item in items if _order(item) == rank] for rank in range(3))
    half = len(fast) // 2
    items[:] = [*fast[:half], *slow, *browsers, *fast[half:]]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Thousands of tests stay to the end; the garbage collector need not look at them again and again."""
    gc.collect()
    gc.freeze()


_TAKES_MINUTES = frozenset({"test_accessibility", "test_canary", "test_fuzz", "test_hostile_texts"})


def _order(item: pytest.Item) -> int:
    if item.path.stem in _TAKES_MINUTES or item.get_closest_marker("crash"):
        return 1
    return 2 if item.get_closest_marker("browser") else 0


# What a platform may answer is the same to every database; the writes behind it are tested by themselves.
_ABOUT_ANSWERS = frozenset(
    {
        "test_building",
        "test_canary",
        "test_connections",
        "test_every_fault",
        "test_journeys_comparing",
        "test_journeys_copies",
        "test_journeys_refusals",
        "test_oidc",
        "test_other_platform",
        "test_sharing_partners",
        "test_versions",
        "test_web_safety",
    }
)
# Refused before any row is read.
_REFUSED_AT_THE_DOOR = frozenset(
    {"test_a_method_that_no_row_names_is_refused", "test_nobody_signs_up_or_changes_an_address"}
)


def _is_about_answers(item: pytest.Item) -> bool:
    return item.path.stem in _ABOUT_ANSWERS or item.name.partition("[")[0] in _REFUSED_AT_THE_DOOR


_FACES = frozenset(
    {"test_home_page", "test_job_page", "test_pages", "test_password_pages", "test_second_factor_pages", "test_shell"}
)


def _is_about_a_face(item: pytest.Item) -> bool:
    name = item.path.stem
    return (
        name in _FACES
        or (name.startswith(("test_pages_", "test_api_")) and name != "test_api_odd_input")
        or name.endswith("commands")
    )


def _uses_database(item: pytest.Item) -> bool:
    fixtures = {"db", "transactional_db", "django_db_serialized_rollback"}
    return item.get_closest_marker("django_db") is not None or not fixtures.isdisjoint(
        getattr(item, "fixturenames", ())
    )


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """In CI a skip is a failure, whatever its reason."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    is_ci = os.environ.get("TOWPATH_CI") == "1"
    if is_ci and exitstatus == pytest.ExitCode.OK and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@dataclass
class PrivateValkey:
    """A Valkey on a unix socket that a test may stop, kill and start again; what it was told survives both."""

    folder: Path
    unix_socket: Path
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"unix://{self.unix_socket}"

    def start(self) -> None:
        command = valkey.command(valkey.find_server(), directory=self.folder, unix_socket=self.unix_socket)
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: valkey.answers(self.unix_socket), within_s=10, what="Valkey to answer")

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        self.process.wait(10)

    def flush(self) -> None:
        """Forget everything: cache, rate limits, queued messages."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(5)
            client.connect(str(self.unix_socket))
            client.sendall(b"FLUSHALL\r\n")
            assert client.recv(16).startswith(b"+OK")


@pytest.fixture(scope="session")
def installation_valkey() -> "Iterator[PrivateValkey | None]":
    """The server the settings name; none of ours if REDIS_URL names one."""
    if os.environ.get("REDIS_URL"):
        yield None
        return
    data_dir = Path(os.environ["DATA_DIR"])
    unix_socket = embedded.valkey_socket(data_dir)
    valkey.prepare_socket_folder(unix_socket)
    server = PrivateValkey(data_dir, unix_socket)
    server.start()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def _fresh_cache(installation_valkey: PrivateValkey | None) -> None:
    """No test sees the cache or the rate limits of another."""
    if installation_valkey is not None:
        installation_valkey.flush()


@pytest.fixture
def valkey_server(tmp_path: Path) -> Iterator[PrivateValkey]:
    """A Valkey for this test alone."""
    folder = tmp_path / "valkey"
    folder.mkdir()
    unix_socket = embedded.valkey_socket(folder)
    valkey.prepare_socket_folder(unix_socket)
    server = PrivateValkey(folder, unix_socket)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a database on a private PostgreSQL cluster."""
    programs = postgres_cluster.find_programs()
    if programs is None:
        miss("PostgreSQL", "Install the postgresql package.")
    with postgres_cluster.private_cluster(programs) as url:
        yield url


@pytest.fixture(scope="session")
def migrated_on_postgres(postgres: str) -> str:
    """The name of a migrated database on that cluster, to copy."""
    prepared.make_migrated_database(postgres)
    return prepared.MIGRATED


@pytest.fixture(scope="session")
def chromium() -> dict[str, Any]:
    """What Playwright's `chromium.launch(**chromium)` needs to start the Chromium of this machine."""
    path = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if path is None:
        miss("Chromium", "Install the chromium package.")
    return {"executable_path": path, "args": CHROMIUM_ARGUMENTS}

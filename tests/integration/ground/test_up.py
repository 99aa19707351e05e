import json
import os
import re
import signal
import socket
import sqlite3
import tarfile

import httpx
import pytest

from tests.integration.ground.conftest import MARKS
from tests.processes import free_port, still_running, wait_until

pytestmark = pytest.mark.crash


def test_the_first_start_sets_up_a_new_machine_and_prints_the_setup_code(installation):
    installation.up()

    assert installation.answers()
    assert installation.children().keys() == MARKS.keys()
    assert re.search(r"\b(?:[A-Z0-9]{4}-){3}[A-Z0-9]{4}\b", installation.output)
    wait_until(lambda: installation.workers_ready() == 3, within_s=30, what="three workers that wait for work")
    wait_until(lambda: _is_ready(installation.url), within_s=30, what="a first tick")


def _is_ready(url):
    return httpx.get(f"{url}/readyz", timeout=10).status_code == 200


def test_nobody_else_on_the_machine_can_read_keys_or_data(installation):
    installation.up()

    assert installation.data_dir.stat().st_mode & 0o077 == 0
    assert (installation.data_dir / "keys.env").stat().st_mode & 0o077 == 0


def test_a_second_start_names_the_first_and_does_it_no_harm(migrated):
    migrated.up()
    children = migrated.children()

    second = migrated.manage("up")

    assert second.returncode == 1
    assert f"already runs on the data in {migrated.data_dir} (process {migrated.process.pid}, " in second.stderr
    assert migrated.url in second.stderr
    assert migrated.answers()
    assert migrated.children() == children


def test_a_taken_port_is_refused_before_anything_starts(installation):
    with socket.create_server(("127.0.0.1", installation.port)):
        done = installation.manage("up")

    assert done.returncode == 1
    assert f"127.0.0.1:{installation.port} cannot be opened: another program uses it" in done.stderr
    assert not (installation.data_dir / "towpath.sqlite3").exists()
    assert not (installation.data_dir / "valkey").exists()


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("PORT", "http", "PORT must be a whole number, not 'http'."),
        ("HOST", "no.such.host.invalid", "HOST is 'no.such.host.invalid', which is no address of this machine."),
        ("REDIS_URL", "amqp://localhost", "REDIS_URL must start with one of: redis://, rediss://, unix://."),
    ],
)
def test_an_odd_value_is_refused_with_a_sentence(installation, name, value, sentence):
    installation.environment[name] = value

    done = installation.manage("up")

    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_demo_data_do_not_get_into_an_installation_that_is_none(installation):
    done = installation.manage("up", "--demo")

    assert done.returncode == 1
    assert "--demo and TOWPATH_MODE=demo belong together" in done.stderr


def test_an_installation_that_is_no_demo_has_nothing_to_leave_empty(installation):
    done = installation.manage("up", "--empty")

    assert done.returncode == 1
    assert "--empty goes with --demo" in done.stderr


def test_every_killed_child_comes_back(migrated):
    migrated.up()
    before = migrated.children()

    for pid in before.values():
        os.kill(pid, signal.SIGKILL)

    wait_until(
        lambda: (
            migrated.children().keys() == MARKS.keys() and not set(migrated.children().values()) & set(before.values())
        ),
        within_s=30,
        what="new children",
    )
    wait_until(migrated.answers, within_s=30, what="an answer after the kills")
    wait_until(lambda: migrated.workers_ready() >= 3, within_s=30, what="workers that wait for work")
    assert not still_running(set(before.values()))


def test_a_server_that_runs_elsewhere_is_used_and_a_host_name_is_looked_up(migrated, valkey_server):
    migrated.environment.update(REDIS_URL=valkey_server.url, HOST="localhost")

    migrated.up()

    assert migrated.children().keys() == MARKS.keys() - {"valkey"}
    wait_until(lambda: _is_ready(f"http://localhost:{migrated.port}"), within_s=30, what="a first tick")


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_everything_and_leaves_no_process(migrated, signum):
    migrated.up()
    family = migrated.family()

    migrated.process.send_signal(signum)

    assert migrated.process.wait(45) == 0
    assert migrated.output.endswith("Stopped.\n")
    assert not still_running(family)


def test_a_killed_supervisor_leaves_no_process_and_the_next_start_finds_the_data(migrated):
    migrated.up()
    family = migrated.family()
    keys = (migrated.data_dir / "keys.env").read_text()

    migrated.process.kill()
    migrated.process.wait()
    migrated.up()

    assert not still_running(family)
    assert migrated.answers()
    assert (migrated.data_dir / "keys.env").read_text() == keys


def test_an_upgrade_keeps_a_copy_of_the_database_as_it_was(installation, tmp_path):
    installation.manage("migrate", "accounts", "0001")

    installation.up()

    (kept,) = (installation.data_dir / "backups").iterdir()
    assert str(kept) in installation.output
    assert kept.stat().st_mode & 0o077 == 0
    with tarfile.open(kept) as tar:
        tar.extract("database.sqlite3", tmp_path, filter="data")
    assert _migrations(tmp_path / "database.sqlite3") == {"0001_accounts"}
    assert _migrations(installation.data_dir / "towpath.sqlite3") > {"0001_accounts"}


def _migrations(database):
    connection = sqlite3.connect(database)
    try:
        rows = connection.execute("SELECT name FROM django_migrations WHERE app = 'accounts'").fetchall()
    finally:
        connection.close()
    return {name for (name,) in rows}


@pytest.fixture
def demo(migrated):
    migrated.environment.update(TOWPATH_MODE="demo")
    return migrated


def test_the_demo_prints_sign_ins_that_work_and_are_the_same_at_the_next_start(demo):
    demo.environment["EMULATOR_PORT"] = str(free_port())
    demo.up("--demo")
    first = _sign_ins(demo.output)
    organizations = _organizations(demo)
    demo.process.send_signal(signal.SIGTERM)
    demo.process.wait(45)

    demo.up("--demo")

    assert _sign_ins(demo.output) == first
    assert _organizations(demo) == organizations
    environments = {"Acme integration dev", "Acme integration prod"}
    assert {name for name, _ in organizations} == {"Acme", "Globex", *environments}
    assert len(first) == 5
    for email, password in first.items():
        assert _signs_in(demo.url, email, password), email
    assert not _signs_in(demo.url, "ada@example.com", "not-the-password")


def test_the_demo_finds_another_port_for_the_emulator_and_follows_it(demo):
    first_port = free_port()
    demo.environment["EMULATOR_PORT"] = str(first_port)
    demo.up("--demo")
    del demo.environment["EMULATOR_PORT"]
    demo.process.send_signal(signal.SIGTERM)
    demo.process.wait(45)

    with socket.create_server(("127.0.0.1", first_port)):
        demo.up("--demo")

    second_port = int((demo.data_dir / "emulator-port").read_text())
    assert second_port != first_port
    assert {url for _, url in _organizations(demo)} == {f"http://127.0.0.1:{second_port}"}


def test_a_named_emulator_port_that_is_taken_is_refused(demo):
    port = free_port()
    demo.environment["EMULATOR_PORT"] = str(port)

    with socket.create_server(("127.0.0.1", port)):
        done = demo.manage("up", "--demo")

    assert done.returncode == 1
    assert f"EMULATOR_PORT is {port}, which another program uses." in done.stderr


def _sign_ins(output):
    return dict(re.findall(r"^ +(\S+@example\.com) +(\S+) ", output, re.MULTILINE))


def _organizations(demo):
    listed = demo.manage(
        "shell",
        "-v",
        "0",
        "-c",
        "import json; from accounts.models import Organization as O; "
        "print(json.dumps(list(O.objects.filter(deleted_at=None).values_list('name', 'platform_url'))))",
    )
    assert listed.returncode == 0, listed.stderr
    return sorted(tuple(row) for row in json.loads(listed.stdout))


def _signs_in(url, email, password):
    with httpx.Client(base_url=url, timeout=10) as browser:
        page = browser.get("/accounts/login/").text
        (token,) = set(re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page))
        answer = browser.post(
            "/accounts/login/",
            data={"login": email, "password": password, "csrfmiddlewaretoken": token},
            headers={"Origin": url, "Referer": f"{url}/accounts/login/"},
        )
        return answer.status_code == 302

"""The emulator on a real port: connections, faults that break them, and the command line."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.client import HTTPConnection, IncompleteRead

import pytest

from emulator.app import create_app
from emulator.server import RunningServer, run_in_thread
from tests.integration.emulator.platform import EXIM, Platform

PATH = f"{EXIM}/packages"


@pytest.fixture
def server() -> Iterator[RunningServer]:
    with run_in_thread(create_app("small", speed=0)) as running:
        yield running


@pytest.fixture
def platform(server) -> Platform:
    return Platform(app=server.app)


@pytest.fixture
def line(server) -> Iterator[HTTPConnection]:
    connection = HTTPConnection(server.url.removeprefix("http://"), timeout=10)
    yield connection
    connection.close()


def ask(line, platform, method="GET", path=PATH, body=None):
    headers = platform.headers | ({"Content-Type": "application/json"} if body else {})
    line.request(method, path, body=json.dumps(body) if body else None, headers=headers)
    answer = line.getresponse()
    return answer.status, json.loads(answer.read())


def test_connection_is_kept_alive_between_calls(line, platform):
    ask(line, platform)
    first = line.sock

    status, body = ask(line, platform)

    assert (status, body["totalElements"]) == (200, 5)
    assert line.sock is first


def test_doubled_slashes_are_collapsed_on_the_wire(line, platform):
    status, _ = ask(line, platform, path=f"/{EXIM}//packages/")

    assert status == 200


def test_chunked_body_is_read_whole(line, platform):
    headers = platform.headers | {"Content-Type": "application/json"}
    body = [b'{"name": "Chunked", ', b'"packageType": "FULL"}']

    line.request("POST", PATH, body=iter(body), headers=headers, encode_chunked=True)
    answer = line.getresponse()

    assert answer.status == 201
    assert json.loads(answer.read())["name"] == "Chunked"


@pytest.mark.parametrize(("when", "jobs"), [("before", 0), ("after", 1)])
def test_reset_is_a_real_one_and_the_next_connection_works(line, platform, when, jobs):
    platform.control("faults", method="POST", path="/packages/import", fault="reset", when=when)
    body = {
        "id": platform.package("Forms").id,
        "destinationSandbox": {"name": "stage", "imsOrgId": platform.org.id},
    }

    with pytest.raises(ConnectionResetError):
        ask(line, platform, "POST", f"{PATH}/import", body)

    line.close()
    status, page = ask(line, platform, path=f"{PATH}/jobs?property=requestType==IMPORT")
    assert (status, page["totalElements"]) == (200, jobs)


def test_cut_line_promises_more_than_it_sends(line, platform):
    platform.control("faults", path="/packages", fault="cut_line", when="after")

    with pytest.raises(IncompleteRead):
        ask(line, platform)


def test_hanging_call_holds_nobody_else_up_and_is_let_go(server, line, platform):
    platform.control("faults", path="/packages", fault="hang")
    outcome: list[type[BaseException]] = []

    def hang() -> None:
        try:
            ask(line, platform)
        except OSError as error:
            outcome.append(type(error))

    waiting = threading.Thread(target=hang)
    waiting.start()
    other = HTTPConnection(server.url.removeprefix("http://"), timeout=10)
    while not platform.http.get("/__emulator/requests").json["requests"][-1]["fault"]:
        waiting.join(0.01)

    status, _ = ask(other, platform)
    other.close()
    platform.http.delete("/__emulator/faults")
    waiting.join(10)

    assert status == 200
    assert outcome == [ConnectionResetError]


def test_many_threads_get_their_own_answers(server, platform):
    statuses: list[int] = []

    def work(number: int) -> None:
        own = HTTPConnection(server.url.removeprefix("http://"), timeout=10)
        for step in range(5):
            body = {"name": f"Package {number}-{step}", "packageType": "FULL"}
            statuses.append(ask(own, platform, "POST", PATH, body)[0])
        own.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == [201] * 40
    assert platform.get("/packages").json["totalElements"] == 45


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_program_prints_its_credentials_and_they_work_on_the_running_one():
    port = free_port()
    printed = subprocess.run(
        [sys.executable, "-m", "emulator", "--credentials", "--seed", "small", "--port", str(port)],
        capture_output=True,
        check=True,
        timeout=60,
    )
    described = json.loads(printed.stdout)
    robot = described["organizations"][0]["credentials"][0]
    server = subprocess.Popen(
        [sys.executable, "-m", "emulator", "--seed", "small", "--port", str(port)], stdout=subprocess.PIPE
    )
    try:
        assert server.stdout is not None
        said = server.stdout.readline().decode()
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        form = "&".join(
            [
                "grant_type=client_credentials",
                f"client_id={robot['client_id']}",
                f"client_secret={robot['client_secret']}",
                "scope=openid",
            ]
        )
        connection.request(
            "POST", "/ims/token/v3", body=form, headers={"Content-Type": "application/x-www-form-urlencoded"}
        )
        status = connection.getresponse().status
        connection.close()
    finally:
        server.terminate()
        server.communicate(timeout=10)

    assert described["base_url"] in said
    assert status == 200


def test_program_refuses_an_unknown_seed_with_a_sentence():
    ended = subprocess.run(
        [sys.executable, "-m", "emulator", "--seed", "nowhere"], capture_output=True, check=False, timeout=60
    )

    assert ended.returncode == 2
    assert b"There is no seed nowhere" in ended.stderr

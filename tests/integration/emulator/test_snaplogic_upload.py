"""Large zips over a real connection: they wait on disk, not in memory."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection, IncompleteRead
from pathlib import Path

import pytest

from emulator.app import create_app
from emulator.server import RunningServer, run_in_thread
from tests.integration.emulator.snaplogic import BASE, SnapLogic
from tests.processes import free_port

EXPORT = f"{BASE}/apim/export_version/acme-dev/apim/large/1?force=true"
IMPORT = f"{BASE}/apim/import_version/acme-dev/apim/large/2"
LARGE = 96 * 2**20
BOUNDARY = "emulated-boundary"


@pytest.fixture
def server() -> Iterator[RunningServer]:
    with run_in_thread(create_app("small", speed=0)) as running:
        yield running


@pytest.fixture
def line(server) -> Iterator[HTTPConnection]:
    connection = HTTPConnection(server.url.removeprefix("http://"), timeout=60)
    yield connection
    connection.close()


def form(*chunks: bytes) -> list[bytes]:
    head = 'Content-Disposition: form-data; name="file"; filename="version.zip"\r\nContent-Type: application/zip'
    return [f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode(), *chunks, f"\r\n--{BOUNDARY}--\r\n".encode()]


def ask(line, method, path, authorization, chunks=()):
    headers = {"Authorization": authorization}
    if chunks:
        headers |= {
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
            "Content-Length": str(sum(map(len, chunks))),
        }
    line.request(method, path, body=iter(chunks) if chunks else None, headers=headers)
    return line.getresponse()


def peak_bytes(pid: int) -> int:
    found = next(row for row in Path(f"/proc/{pid}/status").read_text().splitlines() if row.startswith("VmHWM"))
    return int(found.split()[1]) * 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from /proc")
def test_memory_stays_small_while_a_large_version_goes_out_and_comes_in():
    port, dev = free_port(), SnapLogic()
    process = subprocess.Popen(
        [sys.executable, "-m", "emulator", "--seed", "small", "--port", str(port)], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline()
    line = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        before = peak_bytes(process.pid)
        body = json.dumps({"org": "acme-dev", "api": "large", "version": "1", "bytes": LARGE})
        line.request("POST", "/__emulator/snaplogic/versions", body=body)
        assert line.getresponse().read()

        package = ask(line, "GET", EXPORT, dev.basic).read()
        answer = ask(line, "POST", IMPORT, dev.basic, form(package))

        found = json.loads(answer.read())["response_map"]
        assert len(package) > LARGE
        assert [entry["name"] for entry in found["successful"]] == ["pipeline_1", "account_1", "large.bin"]
        assert peak_bytes(process.pid) - before < LARGE / 3
    finally:
        line.close()
        process.terminate()
        process.wait(20)
        process.stdout.close()


def test_connection_is_kept_after_an_upload_and_a_refusal(server, line):
    dev = SnapLogic(app=server.app)
    package = dev.exported("acme-dev/apim/orders/1.2")

    refused = ask(line, "POST", IMPORT, "Basic wrong", form(package))
    refused.read()
    first = line.sock
    taken = ask(line, "POST", IMPORT, dev.basic, form(package))

    assert (refused.status, taken.status) == (401, 200)
    assert json.loads(taken.read())["response_map"]["failed"] == []
    assert line.sock is first


def test_upload_without_a_length_is_read_whole(server, line):
    dev = SnapLogic(app=server.app)
    chunks = form(dev.exported("acme-dev/apim/orders/1.2"))
    headers = {"Authorization": dev.basic, "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}

    line.request("POST", IMPORT, body=iter(chunks), headers=headers, encode_chunked=True)

    assert line.getresponse().status == 200


@pytest.mark.parametrize(("when", "count"), [("before", 0), ("after", 1)])
def test_reset_of_an_upload_is_a_real_one(server, line, when, count):
    dev = SnapLogic(app=server.app)
    package = dev.exported("acme-dev/apim/orders/1.2")
    dev.told("faults", path="*/import_version/*", fault="reset", when=when)

    with pytest.raises(ConnectionResetError):
        ask(line, "POST", IMPORT, dev.basic, form(package))

    assert len(dev.effects()) == count


def test_export_that_is_cut_promises_more_than_comes(server, line):
    dev = SnapLogic(app=server.app)
    dev.told("faults", path="*/export_version/*", fault="cut_line", when="after")

    answer = ask(line, "GET", f"{BASE}/apim/export_version/acme-dev/apim/orders/1.2", dev.basic)

    assert answer.headers["Content-Type"] == "application/zip"
    with pytest.raises(IncompleteRead):
        answer.read()


def test_planned_answer_comes_late(server, line):
    dev = SnapLogic(app=server.app)
    package = dev.exported("acme-dev/apim/orders/1.2")
    dev.told("snaplogic/next", operation="import", delay_s=3600)
    line.request(
        "POST",
        IMPORT,
        body=b"".join(form(package)),
        headers={"Authorization": dev.basic, "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"},
    )

    while not dev.effects():
        time.sleep(0.01)
    server.app.release()

    assert line.getresponse().status == 200

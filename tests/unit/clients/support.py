"""What the client tests share: example bodies, and servers that misbehave on real sockets."""

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from clients.transport import CallPolicy

FIXTURES = Path(__file__).parents[2] / "fixtures"
FAST = CallPolicy(
    attempts=3,
    attempt_deadline_s=5.0,
    read_budget_s=10.0,
    write_deadline_s=5.0,
    first_pause_s=0.002,
    longest_pause_s=0.05,
)
EXIM = "/data/foundation/exim"
AUTHORING = "/authoring"
ORG = "5C1328435BF324E90A49402A@AdobeOrg"
CLIENT_SECRET = "p8e-known-client-secret"
ENVIRONMENT = "acme"
SNAPLOGIC_PASSWORD = "snap-known-pass phrase"

Script = Callable[[socket.socket, threading.Event], None]


def fixture_bytes(name: str) -> bytes:
    return (FIXTURES / f"{name}.json").read_bytes()


def fixture(name: str) -> Any:
    return json.loads(fixture_bytes(name))


class RawServer:
    """A server that reads a request and then does exactly what its script says."""

    def __init__(self, script: Script) -> None:
        self.requests: list[bytes] = []
        self._script = script
        self._stop = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads: list[threading.Thread] = []
        self._acceptor = threading.Thread(target=self._accept)
        self._acceptor.start()

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            if self._stop.is_set():
                peer.close()
                return
            thread = threading.Thread(target=self._serve, args=(peer,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, peer: socket.socket) -> None:
        with peer, contextlib.suppress(OSError):
            peer.settimeout(20)
            received = b""
            while b"\r\n\r\n" not in received:
                if not (part := peer.recv(65536)):
                    return
                received += part
            self.requests.append(received)
            self._script(peer, self._stop)

    def stop(self) -> None:
        self._stop.set()
        with contextlib.suppress(OSError):  # wakes the acceptor
            socket.create_connection(self._listener.getsockname()).close()
        self._acceptor.join()
        self._listener.close()
        for thread in self._threads:
            thread.join()


@contextlib.contextmanager
def raw_server(script: Script) -> Iterator[RawServer]:
    server = RawServer(script)
    try:
        yield server
    finally:
        server.stop()


def drip(data: bytes, *, start: bytes = b"") -> Script:
    """Send the start at once and then the data for ever, a byte at a time."""

    def script(peer: socket.socket, stop: threading.Event) -> None:
        peer.sendall(start)
        while True:
            for byte in data:
                if stop.wait(0.02):
                    return
                peer.sendall(bytes([byte]))

    return script


def send(data: bytes) -> Script:
    """Send this and close."""
    return lambda peer, stop: peer.sendall(data)


def reset(peer: socket.socket, stop: threading.Event) -> None:
    """Cut the line without an answer."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def hang(peer: socket.socket, stop: threading.Event) -> None:
    """Say nothing."""
    stop.wait(20)

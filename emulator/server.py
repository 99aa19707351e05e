"""The emulator on a real port: threads, HTTP/1.1, connections kept alive."""

import logging
import tempfile
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from emulator.app import ConnectionFaultError, Emulator

if TYPE_CHECKING:
    from collections.abc import Callable

IDLE_S = 120
IN_MEMORY = 2**20  # of a request's body; what is larger waits on disk
CHUNK = 2**18
logger = logging.getLogger(__name__)


class Handler(WSGIRequestHandler):
    """werkzeug's handler closes after every answer; clients with a pool deserve better."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_S

    def run_wsgi(self) -> None:
        environ = self.make_environ()
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as body:
            self._read_body(environ, body)
            environ["wsgi.input"] = body
            environ["wsgi.input_terminated"] = True
            self._answer(environ)

    def _answer(self, environ: dict[str, Any]) -> None:
        head: list[Any] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], exc_info: Any = None
        ) -> "Callable[[bytes], object]":
            head[:] = [status, headers]
            return self.wfile.write

        try:
            parts = self.server.app(environ, start_response)
        except ConnectionFaultError:
            self.close_connection = True
            return
        except Exception:  # as every server: a fault in one answer ends no other
            logger.exception("%s %s could not be answered", self.command, self.path)
            head[:] = ["500 Internal Server Error", []]
            parts = []
        code, _, reason = head[0].partition(" ")
        length = next((value for name, value in head[1] if name.lower() == "content-length"), None)
        if length is None or self.command == "HEAD":
            parts = [b"".join(parts)]
            length = str(len(parts[0]))
        self.send_response(int(code), reason)
        for name, value in head[1]:
            if name.lower() != "content-length":
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            for part in parts:
                self.wfile.write(part)

    def _read_body(self, environ: dict[str, Any], body: IO[bytes]) -> None:
        """All of it, so that the next request on this connection begins where it should."""
        is_ended = environ.get("wsgi.input_terminated")
        source, left = environ["wsgi.input"], int(environ.get("CONTENT_LENGTH") or 0)
        while chunk := source.read(CHUNK if is_ended else min(CHUNK, left)):
            body.write(chunk)
            left -= len(chunk)
        body.seek(0)

    def log_error(self, format: str, *args: Any) -> None:
        """An idle connection that times out is no error."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """The request log under /__emulator/ serves better than lines on the console."""


def make(app: Emulator, host: str, port: int) -> BaseWSGIServer:
    return make_server(host, port, app, threaded=True, request_handler=Handler)


def serve(app: Emulator, host: str, port: int, *, when_ready: "Callable[[], None] | None" = None) -> None:
    """Serve until interrupted; `when_ready` is called once the port is open."""
    server = make(app, host, port)
    if when_ready:
        when_ready()
    try:
        server.serve_forever()
    finally:
        app.release()
        server.server_close()


@dataclass
class RunningServer:
    """A server in a thread of this process; a context manager that stops it."""

    url: str
    app: Emulator
    _server: BaseWSGIServer
    _thread: threading.Thread

    def stop(self) -> None:
        self.app.release()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> "RunningServer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def run_in_thread(app: Emulator, port: int = 0, host: str = "127.0.0.1") -> RunningServer:
    """Start a server; port 0 takes a free one. The answer carries its URL."""
    server = make(app, host, port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    return RunningServer(f"http://{host}:{server.server_port}", app, server, thread)

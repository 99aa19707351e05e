"""Total deadlines: no call outlives its time, however slowly the other side sends.

The time-outs of httpx count from one read to the next, so a server that sends a byte now and then can hold a call for
ever. Here every operation on the socket, from the name look-up on, gets only what is left of the call's time.
"""

import contextlib
import functools
import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from typing import Any

import httpcore
import httpx

POOL_SIZE = 5
# Short, because a write on a connection that the server has just closed ends with an unknown outcome.
KEEP_ALIVE_S = 5.0
_STALL_S = 1.0
_EARLY_BYTES = 64 * 1024

_ends_at: ContextVar[float | None] = ContextVar("ends_at", default=None)


@contextlib.contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Give everything inside at most this long; an outer deadline that ends earlier stays in force."""
    end = time.monotonic() + seconds
    outer = _ends_at.get()
    mark = _ends_at.set(end if outer is None else min(end, outer))
    try:
        yield
    finally:
        _ends_at.reset(mark)


def remaining() -> float | None:
    """Seconds left for the current call, never negative; None if there is no deadline."""
    end = _ends_at.get()
    return None if end is None else max(0.0, end - time.monotonic())


def _clamped(timeout: float | None, expired: type[Exception]) -> float | None:
    left = remaining()
    if left is None:
        return timeout
    if left <= 0:
        raise expired("The total time of the call is over.")
    return left if timeout is None else min(timeout, left)


def _resolve(host: str, port: int, timeout: float | None) -> list[str]:
    """The addresses of a host; the system's resolver knows no time-out, so it is left behind when it takes too long."""
    results: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            results.put(list(dict.fromkeys(str(entry[4][0]) for entry in found)))
        except OSError as exc:
            results.put(exc)

    threading.Thread(target=look_up, name=f"resolve {host}", daemon=True).start()
    try:
        result = results.get(timeout=timeout)
    except queue.Empty:
        raise httpcore.ConnectTimeout(f"Looking up {host} took too long.") from None
    if isinstance(result, OSError):
        raise httpcore.ConnectError(str(result)) from result
    return result


class _DeadlineStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream
        self._early = b""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._early:
            data, self._early = self._early[:max_bytes], self._early[max_bytes:]
            return data
        return self._stream.read(max_bytes, _clamped(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # Not the wrapped write: it loops over a partly filled socket with the whole time-out for each piece.
        sock: socket.socket = self._stream.get_extra_info("socket")
        try:
            view = memoryview(buffer)
            while view:
                view = view[self._send(sock, view, timeout) :]
        except TimeoutError as exc:
            raise httpcore.WriteTimeout(str(exc)) from exc
        except OSError as exc:
            raise httpcore.WriteError(str(exc)) from exc

    def _send(self, sock: socket.socket, view: memoryview, timeout: float | None) -> int:
        """The number of bytes that the other side took; one that takes none may have answered already."""
        patience = _clamped(timeout, httpcore.WriteTimeout)
        ends_at = None if patience is None else time.monotonic() + patience
        while True:
            left = _STALL_S if ends_at is None else ends_at - time.monotonic()
            if left <= 0:
                raise httpcore.WriteTimeout("The write operation timed out")
            try:
                sock.settimeout(min(_STALL_S, left))
                return sock.send(view)
            except TimeoutError:
                if self._is_answered(sock):
                    # The HTTP layer then reads the answer instead of writing on.
                    raise httpcore.WriteError("The other side answered before it had taken everything.") from None

    def _is_answered(self, sock: socket.socket) -> bool:
        try:
            sock.settimeout(0)
            self._early += sock.recv(_EARLY_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        return True

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _clamped(timeout, httpcore.ConnectTimeout)
        return _DeadlineStream(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _DeadlineBackend(httpcore.NetworkBackend):
    def __init__(self) -> None:
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError(f"{host} has no address.")
        for address in _resolve(host, port, _clamped(timeout, httpcore.ConnectTimeout)):
            left = _clamped(timeout, httpcore.ConnectTimeout)
            try:
                return _DeadlineStream(self._plain.connect_tcp(address, port, left, local_address, socket_options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as exc:
                failure = exc
        raise failure


@functools.cache
def shared_ssl_context() -> ssl.SSLContext:
    """The one TLS context of the process; building it reads the whole certificate store."""
    return httpx.create_ssl_context()


class DeadlineTransport(httpx.HTTPTransport):
    """The HTTP transport of httpx with a pool of five connections that keep to `deadline`."""

    def __init__(self) -> None:
        super().__init__(verify=shared_ssl_context())
        # httpx offers no way to choose the network backend; the pool it built has opened nothing yet.
        self._pool = httpcore.ConnectionPool(
            ssl_context=shared_ssl_context(),
            max_connections=POOL_SIZE,
            max_keepalive_connections=POOL_SIZE,
            keepalive_expiry=KEEP_ALIVE_S,
            network_backend=_DeadlineBackend(),
        )

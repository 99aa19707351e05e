"""The emulator as one WSGI application."""

import dataclasses
import email.utils
import json
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.wrappers import Request, Response

from emulator import (
    control,
    decisioning,
    distortions,
    gateway,
    handshakes,
    imports,
    ims,
    jobs,
    journey_export,
    journey_import,
    journey_list,
    journey_retrieve,
    journeys,
    objects,
    packages,
    publishing,
    sandbox_management,
    seeds,
    snaplogic,
    snaplogic_export,
    snaplogic_import,
    snaplogic_life,
    snaplogic_moves,
    transfers,
    versions,
)
from emulator.answers import Answer, RefusedError, refused_by_exim, refused_by_gateway
from emulator.blobs import Blob, digest_of
from emulator.calls import Call, Directive, Route, find_route
from emulator.clock import Clock
from emulator.decisioning_bodies import R1, R4
from emulator.faults import ArmedFault, Fault, FaultSwitch
from emulator.requestlog import RequestLog
from emulator.submission import UNKNOWN_STATUS
from emulator.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

HANG_S = 3600.0
EXIM_PREFIX = "/data/foundation/exim"
_HTML = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1><hr>emulated gateway</body></html>"


# What is cut in half when the call itself was never made.
_STAND_IN = Answer({"status": "OK", "type": "SUCCESS", "message": "The emulator was told to cut this answer."})


class ConnectionFaultError(ConnectionError):
    """The emulator was told to break the connection. In process there is none, so this is raised instead."""


class HangFaultError(TimeoutError):
    """The emulator was told never to answer. In process it raises this at once."""


@dataclass(frozen=True)
class Area:
    """One remote system: where it lives, who may enter, what it answers."""

    prefix: str
    routes: Sequence[Route]
    admit: Callable[[Call], None] | None = None
    unknown: Callable[[Call, frozenset[str]], RefusedError] | None = None  # a path or a method it does not have
    faults: Callable[[World, Request, ArmedFault], Answer | None] | None = None  # its own words for some of them
    uploads: str = ""  # below the prefix: where bodies are too large for the memory

    def has(self, path: str) -> bool:
        return path == self.prefix or path.startswith(f"{self.prefix}/")


_AUTHORING = (*journey_list.ROUTES, *journey_export.ROUTES, *journey_import.ROUTES)
AREAS = (
    Area(ims.PREFIX, ims.ROUTES),
    Area(sandbox_management.PREFIX, sandbox_management.ROUTES, gateway.let_in),
    Area(
        EXIM_PREFIX,
        (
            *jobs.ROUTES,
            *imports.ROUTES,
            *publishing.ROUTES,
            *versions.ROUTES,
            *handshakes.ROUTES,
            *transfers.ROUTES,
            *packages.ROUTES,
            *objects.ROUTES,
            *packages.LAST_ROUTES,
        ),
        gateway.let_into_exim,
    ),
    *(Area(prefix, _AUTHORING, journeys.let_in, journeys.unknown_route) for prefix in journeys.AUTHORING_PREFIXES),
    Area(journeys.RETRIEVE_PREFIX, journey_retrieve.ROUTES, journeys.let_in, journeys.unknown_route),
    *(
        Area(f"{prefix}{dialect.base}", decisioning.ROUTES[dialect], admit, decisioning.unknown_route)
        for prefix in decisioning.PREFIXES
        for dialect, admit in ((R1, decisioning.let_in_r1), (R4, decisioning.let_in_r4))
    ),
    Area(
        snaplogic.PREFIX,
        (*snaplogic_import.ROUTES, *snaplogic_export.ROUTES, *snaplogic_life.ROUTES, *snaplogic_moves.ROUTES),
        snaplogic.let_in,
        snaplogic.unknown_route,
        snaplogic.fault_answer,
        uploads="/apim/import_version/",
    ),
    Area(
        snaplogic.ADMIN_PREFIX,
        snaplogic_moves.ADMIN_ROUTES,
        snaplogic.let_in,
        snaplogic.unknown_route,
        snaplogic.fault_answer,
    ),
)


class _Upload(Request):
    """Its files are spooled to disk; its other parts may have any size."""

    max_form_memory_size = 2**30


def _area_of(path: str) -> Area | None:
    return next((area for area in AREAS if area.has(path)), None)


class Emulator:
    """The WSGI application. One lock guards the world; nothing waits while it is held."""

    def __init__(
        self, *, seed: str, speed: float, clock: Callable[[], float] | None, is_repeatable: bool = True
    ) -> None:
        self._seed, self._speed, self._now, self._is_repeatable = seed, speed, clock, is_repeatable
        self._lock = threading.Lock()
        self._released = threading.Event()
        self.log = RequestLog()
        self.latency = (0.0, 0.0)
        self.world: World
        self.faults: FaultSwitch
        self.reset()

    def reset(self) -> None:
        """Back to the seed: memory, clock, faults, latency and log."""
        self.world = seeds.build(self._seed, Clock(speed=self._speed, now=self._now))
        if not self._is_repeatable:
            self.world.random.seed()
        self.faults = FaultSwitch(self.world.random)
        self.latency = (0.0, 0.0)
        self.log.clear()
        self.release()

    def release(self) -> None:
        """Let every call go that hangs or waits."""
        self._released.set()
        self._released = threading.Event()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        request = _Upload(environ)
        try:
            return self._respond(request)(environ, start_response)
        finally:
            request.close()

    def _respond(self, request: Request) -> Response:
        path = "/" + "/".join(part for part in request.path.split("/") if part)
        area = _area_of(path)
        size_and_digest: tuple[int, str] | None = None
        if area and area.uploads and path.startswith(area.prefix + area.uploads):
            size_and_digest = digest_of(request.environ["wsgi.input"])
            body = b""
        else:
            body = request.get_data(cache=True)
        if path == control.PREFIX or path.startswith(f"{control.PREFIX}/"):
            with self._lock:
                self.world.settle()
                return _response(control.answer(self, request, path))
        # Read before the fields of a form are, which would consume it.
        with self._lock:
            self.world.settle()
            entry = self.log.add(
                at_ms=self.world.now_ms(),
                method=request.method,
                path=path,
                query=list(request.args.items(multi=True)),
                headers=dict(request.headers),
                body=body,
                mimetype=request.mimetype,
                size_and_digest=size_and_digest,
            )
            fault, of_work = self.faults.take(request.method, path)
            wait_s = self.world.random.uniform(*self.latency) if self.latency[1] else 0.0
            released = self._released
        if wait_s:
            released.wait(wait_s)
        entry["fault"] = fault.fault.value if fault else None
        if fault and fault.when == "before":
            return self._break(fault, request, entry, released)
        if size_and_digest:
            _ = request.files  # read apart while nobody else waits
        with self._lock:
            self.world.settle()
            answer = self._answer(request, path, of_work)
        if fault:
            return self._break(fault, request, entry, released, answer)
        if answer.wait_s:
            released.wait(answer.wait_s)
        entry["status"] = answer.status
        return _response(answer)

    def _answer(self, request: Request, path: str, of_work: Sequence[ArmedFault]) -> Answer:
        request_id = f"{self.world.random.getrandbits(96):024x}"
        try:
            answer = self._dispatch(request, path, of_work)
        except RefusedError as refusal:
            answer = refusal.answer
        body = answer.body
        is_read = (request.method == "GET" and not path.endswith("/export")) or path.endswith("/list/journeys")
        for armed in of_work if is_read else ():
            if armed.fault == Fault.UNKNOWN_STATUS:
                body = distortions.with_status(body, str(armed.options.get("value", UNKNOWN_STATUS)))
            elif armed.fault == Fault.NULLS:
                body = distortions.with_nulls(body)
        return dataclasses.replace(answer, body=body, headers={**answer.headers, "x-request-id": request_id})

    def _dispatch(self, request: Request, path: str, of_work: Sequence[ArmedFault]) -> Answer:
        area = _area_of(path)
        if area is None:
            raise refused_by_exim(404, f"No resource at {path}")
        directives = [Directive(armed.fault.value, armed.options) for armed in of_work]
        inner = path.removeprefix(area.prefix)
        call = Call(self.world, request, inner, directives=directives)
        if area.admit:
            area.admit(call)
        found = find_route(area.routes, request.method, inner)
        if found.route is None:
            if area.unknown:
                raise area.unknown(call, found.allowed)
            if found.allowed:
                allow = {"Allow": ", ".join(sorted(found.allowed))}
                raise refused_by_exim(405, f"Method {request.method} is not allowed here", allow)
            raise refused_by_exim(404, f"No resource at {path}")
        call.params = found.params
        return found.route.handler(call)

    # Faults

    def _break(
        self,
        armed: ArmedFault,
        request: Request,
        entry: dict[str, Any],
        released: threading.Event,
        answer: Answer | None = None,
    ) -> Response:
        fault, options = armed.fault, armed.options
        if fault == Fault.HANG:
            self._hang(request, float(options.get("seconds", HANG_S)), released)
        if fault == Fault.RESET:
            _reset_connection(request)
        if fault == Fault.CUT_LINE:
            _cut_connection(request, _response(answer or _STAND_IN))
        area = _area_of(entry["path"])
        own = None
        if area and area.faults:
            with self._lock:
                own = area.faults(self.world, request, armed)
        if own:
            response = _response(dataclasses.replace(own, headers=_retry_after(options)))
        else:
            response = self._faulty(armed, request, answer or _STAND_IN)
        response.headers["x-request-id"] = f"emulated-fault-{entry['n']}"
        entry["status"] = response.status_code
        return response

    def _faulty(self, armed: ArmedFault, request: Request, answer: Answer) -> Response:
        fault, options = armed.fault, armed.options
        if fault == Fault.RATE_LIMIT:
            return _response(refused_by_gateway("429050", _retry_after(options)).answer)
        if fault == Fault.TOKEN_REJECTED:
            with self._lock:
                self.world.tokens.pop(gateway.bearer_of(request.headers.get("Authorization")), None)
            return _response(refused_by_gateway("401013").answer)
        if fault == Fault.ERROR_IN_200:
            error = {
                "error": "invalid_token",
                "error_description": "Could not match JWT signature to any of the bindings",
            }
            return _response(Answer(options.get("body", error)))
        if fault == Fault.TRUNCATED:
            whole = _response(answer)
            return Response(_half(whole.get_data()), whole.status_code, mimetype=whole.mimetype)
        if fault == Fault.EMPTY:
            return Response(b"", 200, mimetype="application/json")
        status = int(options.get("status", 502 if fault == Fault.HTML else 500))
        if fault == Fault.HTML:
            return Response(
                _HTML.format(f"{status} {HTTP_STATUS_CODES.get(status, 'Bad Gateway')}"), status, mimetype="text/html"
            )
        default = {"title": "InternalServerError", "status": status, "detail": "The emulator was told to fail."}
        answer = Answer(options.get("body", default), status, _retry_after(options))
        return _response(answer)

    def _hang(self, request: Request, seconds: float, released: threading.Event) -> None:
        if "werkzeug.socket" not in request.environ:
            raise HangFaultError(f"{request.method} {request.path}: the emulator was told to hang.")
        released.wait(seconds)
        _reset_connection(request)


def create_app(
    seed: str = "demo",
    speed: float = 1.0,
    clock: Callable[[], float] | None = None,
    *,
    is_repeatable: bool = True,
) -> Emulator:
    """The emulator for a seed. `clock` gives epoch seconds; with speed 0 work waits for the clock control.

    What the seed holds is the same at every start. What comes later gets the same ids too, unless `is_repeatable` is
    false: a client with a memory longer than the emulator's must never meet the id of one job again on another.
    """
    return Emulator(seed=seed, speed=speed, clock=clock, is_repeatable=is_repeatable)


def _response(answer: Answer) -> Response:
    if isinstance(answer.body, Blob):
        headers = {**answer.headers, "Content-Length": str(answer.body.size)}
        return Response(answer.body.chunks(), answer.status, headers, mimetype=answer.mimetype)
    # Half a surrogate pair in a name that somebody sent has no UTF-8 form: it goes back escaped, as it came.
    text = answer.body if answer.mimetype == "text/html" else json.dumps(answer.body, ensure_ascii=False)
    data = b"" if answer.status == 204 else text.encode(errors="backslashreplace")
    return Response(data, answer.status, dict(answer.headers), mimetype=answer.mimetype)


def _retry_after(options: Mapping[str, Any]) -> dict[str, str]:
    seconds = options.get("retry_after")
    if seconds is None:
        return {}
    if options.get("retry_after_form") == "date":
        moment = email.utils.localtime().timestamp() + float(seconds)
        return {"Retry-After": email.utils.formatdate(moment, usegmt=True)}
    return {"Retry-After": f"{seconds:g}"}


def _half(data: bytes) -> bytes:
    return data[: max(1, len(data) // 2)]


def _connection(request: Request) -> socket.socket:
    connection = request.environ.get("werkzeug.socket")
    if not isinstance(connection, socket.socket):
        raise ConnectionFaultError(f"{request.method} {request.path}: the emulator was told to break the connection.")
    return connection


def _reset_connection(request: Request) -> None:
    """Drop the connection so that the other side sees a reset, not an end."""
    connection = _connection(request)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # Closed here and now: the server would shut it down first, and that is an orderly end.
    os.close(connection.detach())
    raise ConnectionFaultError("The connection is reset on purpose.")


def _cut_connection(request: Request, response: Response) -> None:
    """Send a head that promises the whole body, half of it, and then nothing."""
    connection = _connection(request)
    data = response.get_data()
    head = f"HTTP/1.1 {response.status}\r\nContent-Type: {response.mimetype}\r\nContent-Length: {len(data) + 1}\r\n\r\n"
    connection.sendall(head.encode("ascii") + _half(data))
    raise ConnectionFaultError("The connection is cut on purpose.")

"""The one way to a remote system: time-outs, deadlines, retries of reads, authorization, typed errors, redaction."""

import contextlib
import copy
import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import urlsplit

import httpx
import stamina

from clients.addresses import checked_base_url, checked_header, tidied
from clients.answers import Answer, one_line
from clients.authorizers import Authorizer, FixedToken, TokenAuthorizer
from clients.deadlines import DeadlineTransport, deadline, remaining
from clients.downloads import Accepts, Download, Downloaded, Sink, TooLargeError
from clients.effects import EFFECTS, Effect
from clients.errors import BODY_LIMIT, ApiContractError, ApiError, ApiUnavailableError, OutcomeUnknownError
from clients.failures import failure, is_passing, outcome_of_failure
from clients.multipart import BodyError, Multipart, Part, Progress
from clients.observing import Exchange, Outcome, outcome_of, tell
from clients.redaction import redact, without_values
from clients.refusals import classify as classify_adobe
from clients.requesting import SILENCE_S, Request
from clients.slashes import slash_twin
from clients.tokens import TokenStore

if TYPE_CHECKING:
    from clients.ims import Credential, ImsClient

logger = logging.getLogger(__name__)

T = TypeVar("T")
Classifier = Callable[[str, Effect, Answer, dict[str, Any]], ApiError]

MAX_BODY_BYTES = 64 * 1024 * 1024
_NAME_LIMIT = 200


@dataclass(frozen=True)
class CallPolicy:
    """How long calls may take and how often reads are tried.

    A read ends within `read_budget_s` with all its tries; a write, workflow or download within `write_deadline_s`. A
    pause that the server asks for is kept up to `longest_pause_s`; a longer one ends the call and is left to the
    caller. Within all that, a server that says nothing and takes nothing for `silence_s` is given up.
    """

    attempts: int = 4
    attempt_deadline_s: float = 30.0
    read_budget_s: float = 60.0
    write_deadline_s: float = 60.0
    first_pause_s: float = 0.4
    longest_pause_s: float = 15.0
    silence_s: float = SILENCE_S


class MalformedError(ValueError):
    """An answer does not have the agreed form; `Connection.call` turns it into a typed error."""


def _is_success(answer: Answer) -> bool:
    return answer.is_success


def _is_error_envelope(answer: Answer) -> bool:
    return answer.problem.is_envelope_error


class Connection:
    """One organization and credential on one host: at most 5 connections, safe between threads.

    Reads are tried again on 429, 5xx, connection errors and time-outs, and with a new token if theirs was refused.
    Writes and workflows are sent once. Redirects are never followed. Raises ValueError for a URL that would send
    secrets in the open.
    """

    def __init__(
        self,
        *,
        base_url: str,
        headers: Mapping[str, str] | None = None,
        auth: Authorizer | None = None,
        ims_org_id: str = "",
        secrets: Sequence[str] = (),
        policy: CallPolicy = CallPolicy(),
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.base_url = checked_base_url(base_url) if transport is None else tidied(base_url)
        self.ims_org_id = ims_org_id
        self._auth = auth
        self._secrets = tuple(secrets)
        self._policy = policy
        self._http = httpx.Client(
            headers={"Accept": "application/json", "User-Agent": "towpath", **(headers or {})},
            transport=transport or DeadlineTransport(),
            timeout=policy.silence_s,
            # The IMS client serves many credentials: no session of one may reach another.
            cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
            follow_redirects=False,
            trust_env=False,
        )

    @property
    def auth_scheme(self) -> str:
        """How requests are authorized, as the word in the header says; empty if they are not."""
        return self._auth.scheme if self._auth else ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections of the pool."""
        self._http.close()

    def single_minded(self) -> "Connection":
        """A twin on the same pool that asks once, with the token of now: for threads, which have no token store.

        The pool is closed by this connection alone.
        """
        twin = copy.copy(self)
        twin._auth = FixedToken(self._auth.current(), self._auth.scheme) if self._auth else None
        twin._policy = replace(self._policy, attempts=1)
        return twin

    def redact(self, value: Any, *, secrets: Sequence[str] = ()) -> Any:
        """A copy without secrets, this connection's own ones and the given ones included."""
        return redact(value, secrets=(*self._secrets, *secrets))

    def redact_name(self, name: str, *, secrets: Sequence[str] = ()) -> str:
        """A name without the secrets that are known; unlike `redact`, it takes nothing for one by its form."""
        return without_values(name, secrets=(*self._secrets, *secrets))

    def call(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        parse: Callable[[Answer], T],
        params: Sequence[tuple[str, str]] = (),
        body: Any = None,
        content: bytes | None = None,
        form: Mapping[str, str] | None = None,
        multipart: Sequence[Part] = (),
        progress: Progress | None = None,
        headers: Mapping[str, str] | None = None,
        at_most: int | None = None,
        takes: Callable[[Answer], bool] = _is_success,
        refuses: Callable[[Answer], bool] = _is_error_envelope,
        classify: Classifier = classify_adobe,
        secrets: Sequence[str] = (),
    ) -> T:
        """Make one call and return what `parse` makes of its answer.

        `operation` is a name of the effects table. `path` must be escaped already. `body` is sent as JSON, `content` is
        JSON already; the files of `multipart` are read while they are sent, which `progress` is told. `at_most` bounds
        how often a read is tried, below what the policy says. `parse` raises ValueError if the answer does not have the
        agreed form; `takes` tells which answers bring results, and `refuses` which of those are errors all the same.
        `secrets` are values that only this call sends. Raises the errors of `clients.errors`, and what `progress`
        raises: what has become of a write is then not known.
        """
        request = self._request(
            operation,
            method,
            path,
            params=params,
            body=body,
            content=content,
            form=form,
            multipart=Multipart(multipart, progress) if multipart else None,
            headers=headers,
            secrets=secrets,
        )

        def is_error(answer: Answer) -> bool:
            return not takes(answer) or refuses(answer)

        if request.effect is not Effect.READ:
            with deadline(self._policy.write_deadline_s):
                return self._attempt(request, parse, is_error, classify)
        with deadline(self._policy.read_budget_s):
            attempts = min(self._policy.attempts, at_most or self._policy.attempts)
            for attempt in stamina.retry_context(on=self._backoff(operation), attempts=attempts, timeout=None):
                with attempt, deadline(self._policy.attempt_deadline_s):
                    return self._attempt(request, parse, is_error, classify)
        raise AssertionError("The loop above returns or raises.")

    def download(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        to: Sink,
        at_most_bytes: int,
        accepts: Accepts,
        kind: str = "a file",
        params: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        progress: Progress | None = None,
        refuses: Callable[[Answer], bool] = _is_error_envelope,
        classify: Classifier = classify_adobe,
        secrets: Sequence[str] = (),
    ) -> Downloaded:
        """Make one call and hand what it answers to `to` while it arrives, as it was sent.

        Nothing is handed on unless `accepts` takes it for the `kind` of file that was asked for; any other answer is
        read and raised as with `call`. The call is tried again only while nothing has been handed on: whoever gets an
        error may have been given the beginning of a file. `progress` is told the bytes that have arrived, and how many
        will, or 0. Raises the errors of `clients.errors`, and what `to` and `progress` raise.
        """
        download = Download(to, at_most_bytes=at_most_bytes, accepts=accepts, progress=progress)
        request = self._request(
            operation,
            method,
            path,
            params=params,
            headers={"Accept": "*/*", "Accept-Encoding": "identity", **(headers or {})},
            secrets=secrets,
            download=download,
        )
        if request.effect is not Effect.READ:
            raise ValueError(f"{operation} changes something: a download may be asked for again.")

        def parse(_: Answer) -> Downloaded:
            if download.done is None:
                raise MalformedError(f"{kind} was expected")
            return download.done

        def is_error(answer: Answer) -> bool:
            return download.done is None and (not answer.is_success or refuses(answer))

        backoff = self._backoff(operation)
        with deadline(self._policy.write_deadline_s):
            for attempt in stamina.retry_context(
                on=lambda error: not download.size and backoff(error),
                attempts=self._policy.attempts,
                timeout=None,
            ):
                with attempt:
                    return self._attempt(request, parse, is_error, classify)
        raise AssertionError("The loop above returns or raises.")

    def _request(self, operation: str, method: str, path: str, **what: Any) -> Request:
        what["params"] = tuple(what["params"])
        what["secrets"] = (*self._secrets, *what["secrets"])
        return Request(
            operation=operation,
            effect=EFFECTS[operation],
            method=method,
            url=self.base_url + path,
            scheme=self.auth_scheme,
            silence_s=self._policy.silence_s,
            **what,
        )

    def _backoff(self, operation: str) -> Callable[[Exception], bool | float]:
        pause = self._policy.first_pause_s

        def decide(error: Exception) -> bool | float:
            nonlocal pause
            if not isinstance(error, ApiUnavailableError) or not is_passing(error):
                return False
            if error.operation != operation:  # getting a token has had its own tries
                return False
            wait = random.uniform(pause / 2, pause)  # noqa: S311 - spreads load, keeps no secret
            pause = min(pause * 2, self._policy.longest_pause_s)
            if error.retry_after_s is not None:
                if error.retry_after_s > self._policy.longest_pause_s:
                    return False
                wait += error.retry_after_s
            left = remaining()
            return wait if left is None or wait < left else False

        return decide

    def _attempt(
        self,
        request: Request,
        parse: Callable[[Answer], T],
        is_error: Callable[[Answer], bool],
        classify: Classifier,
    ) -> T:
        token = self._auth.current() if self._auth else None
        answer = self._exchange(request, token)
        if answer.status == 401 and self._auth and token is not None:
            self._auth.reject(token)
            # A write is left to the caller: it is sent once, and whoever sends it again looks for its effect first.
            if request.effect is Effect.READ and (renewed := self._auth.current()) != token:
                token = renewed
                answer = self._exchange(request, token)
        # A file is not sent a second time for the sake of a slash.
        if request.multipart is None and (twin := slash_twin(request.method, request.url, answer)):
            other = self._exchange(replace(request, url=twin), token)
            is_worse = other.status in (404, 405) or 300 <= other.status < 400
            if not is_worse and not (request.effect is Effect.READ and other.status >= 500):
                answer = other
        secrets = (*request.secrets, token) if token else request.secrets
        if is_error(answer):
            facts = self._facts(request, answer, secrets)
            raise classify(request.operation, request.effect, answer, facts)
        try:
            return parse(answer)
        except (ValueError, RecursionError) as exc:
            facts = self._facts(request, answer, secrets)
            words = facts.pop("words")
            message = words if words and answer.problem.is_error_like else _unreadable(answer, exc)
            unreadable = ApiContractError if request.effect is Effect.READ else OutcomeUnknownError
            raise unreadable(message, **facts) from exc

    def _facts(self, request: Request, answer: Answer, secrets: Sequence[str]) -> dict[str, Any]:
        return {
            "words": one_line(redact(answer.problem.words, secrets=secrets)),
            "operation": request.operation,
            "status": answer.status,
            "request_id": _name(answer.request_id, secrets),
            "error_code": _name(answer.problem.error_code, secrets),
            # Redacted before it is cut, since half a secret is no longer recognized.
            "body": redact(answer.opening(4 * BODY_LIMIT), secrets=secrets),
        }

    def _exchange(self, request: Request, token: str | None) -> Answer:
        started = time.monotonic()
        try:
            with request.opened(self._http, token) as built:
                answer = self._receive(built, request.download)
        except (httpx.HTTPError, httpx.InvalidURL, BodyError, TooLargeError) as exc:
            error = failure(request, exc)
            exchange = self._exchange_of(request, started, outcome_of_failure(exc))
            _log(exchange, "%s %s %s (%s) failed after %.0f ms: %s", error.message)
            raise error from exc
        except BaseException as exc:
            exchange = self._exchange_of(request, started, Outcome.BROKEN)
            _log(exchange, "%s %s %s (%s) was given up after %.0f ms: %s", type(exc).__name__)
            raise
        exchange = self._exchange_of(
            request,
            started,
            outcome_of(answer.status),
            status=answer.status,
            size_bytes=request.download.size if request.download else len(answer.content),
            request_id=_name(answer.request_id, (*request.secrets, token) if token else request.secrets),
        )
        _log(
            exchange,
            "%s %s %s (%s) took %.0f ms: HTTP %d, %d bytes, request %s",
            answer.status,
            exchange.size_bytes,
            exchange.request_id,
        )
        return answer

    def _exchange_of(self, request: Request, started: float, outcome: Outcome, **facts: Any) -> Exchange:
        parts = urlsplit(request.url)
        return Exchange(
            operation=request.operation,
            effect=request.effect,
            method=request.method,
            host=parts.hostname or "",
            path=parts.path,
            outcome=outcome,
            seconds=time.monotonic() - started,
            **facts,
        )

    def _receive(self, request: httpx.Request, download: Download | None) -> Answer:
        response = self._http.send(request, stream=True)
        with contextlib.closing(response):
            pieces = _in_time(response)
            content = bytearray()
            for piece in pieces if download is None else download.take(response, pieces):
                content += piece
                if len(content) > MAX_BODY_BYTES:
                    raise TooLargeError(MAX_BODY_BYTES)
        return Answer(status=response.status_code, headers=response.headers, content=bytes(content))


def _in_time(response: httpx.Response) -> Iterator[bytes]:
    for piece in response.iter_bytes():
        yield piece
        if remaining() == 0:
            raise httpx.ReadTimeout("The total time of the call is over.", request=response.request)


def _name(text: str | None, secrets: Sequence[str]) -> str | None:
    """An id or a code that the server chose, as it may be logged and shown."""
    return one_line(without_values(text, secrets=secrets))[:_NAME_LIMIT] if text is not None else None


def _unreadable(answer: Answer, exc: Exception) -> str:
    if answer.problem.is_empty:
        return f"The server answered HTTP {answer.status} without a body."
    if answer.problem.is_html:
        return "A web page came instead of an answer of the API. Check the service URL and any proxy in between."
    detail = str(exc) if isinstance(exc, MalformedError) else "it is not readable JSON"
    return one_line(f"The answer does not have the agreed form: {detail}.")


def _log(exchange: Exchange, text: str, *values: Any) -> None:
    """One line for people, the same facts as fields for machines, and a word to the observers."""
    ms = round(exchange.seconds * 1000)
    fields = {
        "operation": exchange.operation,
        "effect": exchange.effect.value,
        "method": exchange.method,
        "host": exchange.host,
        "path": exchange.path,
        "outcome": exchange.outcome.value,
        "status": exchange.status,
        "ms": ms,
        "request_id": exchange.request_id,
    }
    what = (exchange.operation, exchange.method, exchange.path, exchange.outcome.value, ms)
    logger.info(text, *what, *values, extra={"remote": fields})
    tell(exchange)


def adobe_connection(
    *,
    base_url: str,
    ims_org_id: str,
    credential: "Credential",
    token_store: TokenStore,
    ims: "ImsClient",
    transport: httpx.BaseTransport | None = None,
    policy: CallPolicy = CallPolicy(),
) -> Connection:
    """A connection to the Adobe platform for one organization; `base_url` names the host, without a path.

    The caller keeps `ims` and closes it after the connection.
    """
    return Connection(
        base_url=base_url,
        headers={
            "x-api-key": checked_header("The client id", credential.client_id),
            "x-gw-ims-org-id": checked_header("The organization id", ims_org_id),
        },
        auth=TokenAuthorizer(token_store, lambda: ims.fetch_token(credential)),
        ims_org_id=ims_org_id,
        secrets=credential.secrets,
        policy=policy,
        transport=transport,
    )

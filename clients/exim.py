"""What the clients of the sandbox tooling API have in common; "exim" is the word for it in its paths."""

import copy
import re
from collections.abc import Callable, Generator, Sequence
from datetime import UTC, datetime
from typing import Any, Self, TypeVar
from urllib.parse import quote

from clients import ahead
from clients.addresses import checked_header
from clients.answers import Answer
from clients.errors import ApiRejectedError
from clients.pages import read_page
from clients.sandbox_tooling_models import ArtifactRef, Page
from clients.transport import Connection

T = TypeVar("T")

_BASE = "/data/foundation/exim"
_ORDER_WORDS = re.compile(r"order|sort|field", re.IGNORECASE)


class EximClient:
    """One organization's calls to the service."""

    def __init__(self, connection: Connection, *, sandbox: str = "prod") -> None:
        self._connection = connection
        # Without this header a call silently goes to the default production sandbox.
        self._headers = {"x-sandbox-name": checked_header("The sandbox name", sandbox)}

    def _twin(self) -> Self:
        """For another thread; asks once."""
        twin = copy.copy(self)
        twin._connection = self._connection.single_minded()
        return twin

    def _pages(
        self,
        read: Callable[[Self, int], Page[T]],
        *,
        start: int = 0,
        at_most: Callable[[], int] = lambda: ahead.PAGES_AHEAD,
    ) -> Generator[Page[T], None, None]:
        """Page after page; `read` gives the one at a position, by the client that it is handed."""

        def reading(client: Self) -> Callable[[int], Page[T]]:
            return lambda position: read(client, position)

        return ahead.pages(reading(self), lambda: reading(self._twin()), start=start, at_most=at_most)

    def _call(self, operation: str, method: str, path: str, *, parse: Callable[[Answer], T], **request: Any) -> T:
        return self._connection.call(operation, method, f"{_BASE}{path}", parse=parse, headers=self._headers, **request)

    def _list(
        self,
        operation: str,
        path: str,
        read: Callable[[Any], T],
        *,
        start: int,
        limit: int,
        filters: Sequence[str],
        order: tuple[str, str] | None,
        fixed: Sequence[tuple[str, str]] = (),
    ) -> Page[T]:
        """A page; `order` is the parameter of the order and its value, `fixed` what the route cannot do without."""
        # Each filter is a parameter of its own: joined into one, all but the first would be lost.
        params = [*fixed, *(("property", text) for text in filters)]
        params += [("start", str(start)), ("limit", str(limit))]

        def send(params: list[tuple[str, str]]) -> Page[T]:
            return self._call(
                operation, "GET", path, parse=lambda answer: read_page(answer.json(), read, start=start), params=params
            )

        if order is None:
            return send(params)
        try:
            return send([*params, order])
        except ApiRejectedError as error:
            # The documents spell the parameter and its values in several ways; in any order is better than not at all.
            if error.status not in (400, 403, 422) or not _ORDER_WORDS.search(error.message):
                raise
            return send(params)

    def _sandbox(self, name: str) -> dict[str, str]:
        return {"name": name, "imsOrgId": self._connection.ims_org_id}


def first_route(send: Callable[[str], T], *ways: str) -> T:
    """The answer in the first of these ways that is a route: the documents name several paths, or verbs.

    Only 404 and 405 lead to the next way: whoever answers so has done nothing. Raises what was said of the thing
    rather than of a method, if anything was.
    """
    refusals = []
    for way in ways:
        try:
            return send(way)
        except ApiRejectedError as error:
            if error.status not in (404, 405):
                raise
            refusals.append(error)
    raise next((error for error in refusals if error.status == 404), refusals[0])


def references(artifacts: Sequence[ArtifactRef]) -> list[dict[str, str]]:
    return [{"id": artifact.id, "type": artifact.type} for artifact in artifacts]


def escaped(remote_id: str) -> str:
    """One path segment; a lone or double dot would otherwise climb the path."""
    if not remote_id.strip("."):
        raise ValueError("A remote id must not be empty or consist of dots.")
    return quote(remote_id, safe="")


def iso(time: datetime) -> str:
    if time.tzinfo is None:
        raise ValueError("A time without a zone cannot be sent: the platform would take it as UTC.")
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

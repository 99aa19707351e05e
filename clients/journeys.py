"""Journeys: their list, their newest version, export and import, and the newer API that only reads.

Adobe, Journey Optimizer, "Journeys export and import API"; Adobe, "Retrieve Journeys API".
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from clients.addresses import checked_header
from clients.answers import Answer
from clients.errors import ApiRejectedError
from clients.exim import escaped
from clients.journeys_documents import document_in
from clients.journeys_fields import unwrapped
from clients.journeys_models import (
    ExportedVersion,
    ImportedVersion,
    JourneyList,
    RemoteJourney,
    RemoteJourneyDetail,
    RemoteJourneyVersion,
    RemoteVersionRow,
)
from clients.journeys_pages import Rows, gather, read_rows
from clients.journeys_receipts import read_import
from clients.journeys_refusals import classifier, refuses
from clients.journeys_wire import read_detail, read_journeys, read_latest, read_public_journeys
from clients.transport import Connection

__all__ = [
    "ExportedVersion",
    "ImportedVersion",
    "JourneyList",
    "JourneysClient",
    "RemoteJourney",
    "RemoteJourneyDetail",
    "RemoteJourneyVersion",
    "RemoteVersionRow",
    "RetrieveJourneysClient",
]

T = TypeVar("T")

PAGE_SIZE = 100
# An export that failed is asked for at most twice more: this service repeats most of its errors faithfully.
_TRIES = 3


class _Client:
    """One sandbox's calls to either API."""

    hint = "Check the base path of the organization's journey service URL."
    """What to do where a route is not known."""

    def __init__(self, connection: Connection, *, sandbox: str, secrets: Sequence[str] = ()) -> None:
        """`secrets` are known to stand in that sandbox; what is read of it does not show them."""
        self._connection = connection
        self._secrets = tuple(secrets)
        # Without this header a call may silently go to the default production sandbox; its case matters.
        self._headers = {"x-sandbox-name": checked_header("The sandbox name", sandbox)}
        self._classify = classifier(connection.base_url, self.hint)

    def _call(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        parse: Callable[[Answer], T],
        headers: Iterable[tuple[str, str]] = (),
        secrets: Sequence[str] = (),
        **request: Any,
    ) -> T:
        return self._connection.call(
            operation,
            method,
            path,
            parse=parse,
            headers={**self._headers, **dict(headers)},
            refuses=refuses,
            classify=self._classify,
            at_most=_TRIES,
            secrets=(*self._secrets, *secrets),
            **request,
        )

    def _hide(self, value: Any) -> Any:
        return self._connection.redact(value, secrets=self._secrets)


class JourneysClient(_Client):
    """Lists, exports and imports the journeys of one sandbox; the connection's base URL holds the service's path.

    Knows HTTP, not our database. Every method raises the errors of `clients.errors`.
    """

    def list_journeys(self) -> JourneyList:
        """All journeys of the sandbox, with their versions as far as the list tells them.

        A wrong sandbox name may give an empty list instead of an error.
        """
        first = self._first_page()
        # The public call has no paging. These headers are those of the product's own pages; they are followed only as
        # far as they bring rows that were not there before.
        size = str(first.page_size or len(first.rows))

        def ask(page: int) -> Rows:
            return self._page({}, [("x-vyg-query-page", str(page)), ("x-vyg-query-pagesize", size)])

        gathered = gather(first, ask, size=first.page_size)
        read = read_journeys(gathered.rows, self._hide)
        return JourneyList(read.journeys, gathered.are_all and read.are_all, gathered.total)

    def latest(self, journey_uid: str) -> RemoteJourneyVersion:
        """The newest version of the journey; a journey that is listed may have none that can be shown."""
        return self._call(
            "journeys.latest",
            "GET",
            f"/journeys/{escaped(journey_uid)}/latest",
            parse=lambda answer: read_latest(answer.json(), self._hide),
        )

    def export(self, version_uid: str) -> ExportedVersion:
        """The version with all that it uses, secrets left out; refused with code 1324 while the version has errors."""
        return self._call(
            "journeys.export",
            "GET",
            f"/journeyVersions/{escaped(version_uid)}/export",
            parse=lambda answer: ExportedVersion(document_in(answer.content), answer.request_id or ""),
        )

    def import_version(self, document: bytes, *, secrets: Sequence[str] = ()) -> ImportedVersion:
        """Make a new draft, and new copies of all that it uses, out of an exported document; `secrets` stand in it.

        Every call makes another copy, so it is sent once. A refusal (code 1326) has made nothing.
        """

        def hide(value: Any) -> Any:
            return self._connection.redact(value, secrets=(*self._secrets, *secrets))

        return self._call(
            "journeys.import",
            "POST",
            "/journeyVersions/import",
            parse=lambda answer: read_import(answer, hide),
            content=document,
            secrets=secrets,
        )

    def _first_page(self) -> Rows:
        try:
            return self._page({})
        except ApiRejectedError as error:
            # The public samples send no body at all; this service is known to call bad input a 500, too.
            if error.status not in (400, 415, 500):
                raise
            try:
                return self._page(None)
            except ApiRejectedError:
                raise error from None

    def _page(self, body: Any, headers: Iterable[tuple[str, str]] = ()) -> Rows:
        return self._call(
            "journeys.list",
            "POST",
            "/list/journeys",
            parse=lambda answer: read_rows(answer.json()),
            body=body,
            headers=headers,
        )


class RetrieveJourneysClient(_Client):
    """The newer API, which lists and describes the versions of one sandbox's journeys; its base URL is the platform's.

    Not every organization has it. Every method raises the errors of `clients.errors`.
    """

    hint = "This organization may not have the newer journeys API."

    def list_journeys(self) -> JourneyList:
        """All versions that the API knows, each as a journey whose uid is that of the version."""
        first = self._page(0)
        gathered = gather(first, self._page, size=first.page_size or PAGE_SIZE)
        read = read_public_journeys(gathered.rows, self._hide)
        return JourneyList(read.journeys, gathered.are_all and read.are_all, gathered.total)

    def get(self, version_id: str) -> RemoteJourneyDetail:
        """The version with its nodes and transitions."""
        return self._call(
            "journeys.retrieve",
            "GET",
            f"/ajo/journey/{escaped(version_id)}",
            parse=lambda answer: read_detail(unwrapped(answer.json()), self._hide),
        )

    def _page(self, page: int) -> Rows:
        return self._call(
            "journeys.retrieve_list",
            "GET",
            "/ajo/journey",
            parse=lambda answer: read_rows(answer.json()),
            params=[("page", str(page)), ("pageSize", str(PAGE_SIZE))],
        )

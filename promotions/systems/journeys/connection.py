"""Clients of the two journey APIs for an organization."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.conf import settings

from accounts.models import Organization
from accounts.services import connections
from clients.journeys import JourneysClient, RetrieveJourneysClient
from clients.transport import CallPolicy, Connection
from promotions.systems.journeys.kinds import SERVICE


class Sources:
    """Both APIs of one organization: the one that exports and imports, and the newer one, which only reads."""

    def __init__(self, authoring: Connection, platform: Connection) -> None:
        self._authoring = authoring
        self._platform = platform

    def authoring(self, sandbox: str) -> JourneysClient:
        return JourneysClient(self._authoring, sandbox=sandbox)

    def newer(self, sandbox: str) -> RetrieveJourneysClient:
        return RetrieveJourneysClient(self._platform, sandbox=sandbox)


@contextmanager
def sources(organization: Organization) -> Iterator[Sources]:
    """Both APIs, for reading."""
    with (
        connections.connect(organization, service=SERVICE) as authoring,
        connections.connect(organization) as platform,
    ):
        yield Sources(authoring, platform)


@contextmanager
def journeys(organization: Organization, *, sandbox: str, secrets: Sequence[str] = ()) -> Iterator[JourneysClient]:
    """The API that exports and imports, in one sandbox; its writes keep to the deadline that settling reckons with.

    `secrets` were brought there: nothing that comes back shows them.
    """
    policy = CallPolicy(write_deadline_s=settings.SUBMIT_DEADLINE_S)
    with connections.connect(organization, service=SERVICE, policy=policy) as connection:
        yield JourneysClient(connection, sandbox=sandbox, secrets=secrets)

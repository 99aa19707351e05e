from collections.abc import Callable, Iterator

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from clients.decisioning import DecisioningClient, Dialect
from clients.ims import ImsClient, OAuthServerToServer
from clients.journeys import JourneysClient, RetrieveJourneysClient
from clients.sandbox_sharing import SharingClient
from clients.sandbox_tooling import SandboxToolingClient
from clients.sandbox_versions import VersioningClient
from clients.snaplogic import BasicAuth, SignedJwt, SnapLogicClient, snaplogic_connection
from clients.tokens import MemoryTokenStore
from clients.transport import CallPolicy, Connection, adobe_connection
from tests.unit.clients.support import AUTHORING, CLIENT_SECRET, ENVIRONMENT, FAST, ORG, SNAPLOGIC_PASSWORD


class Platform:
    """An HTTP server that answers as it is told, and hands out tokens."""

    def __init__(self, server: HTTPServer) -> None:
        self._server = server
        self.url = server.url_for("").rstrip("/")
        self.tokens = 0
        self.seen: list[Request] = []
        server.expect_request("/ims/token/v3").respond_with_handler(self._give_token)

    def _give_token(self, request: Request) -> Response:
        self.tokens += 1
        body = f'{{"access_token": "platform-token-{self.tokens}", "token_type": "bearer", "expires_in": 86399}}'
        return Response(body, content_type="application/json")

    def answer(self, path: str, *answers: Response) -> None:
        """Answer requests to the path one after another; the last answer stays."""
        left = list(answers)

        def handle(request: Request) -> Response:
            self.seen.append(request)
            return left.pop(0) if len(left) > 1 else left[0]

        self._server.expect_request(path).respond_with_handler(handle)

    def decide(self, path: str, handler: Callable[[Request], Response]) -> None:
        """Let the handler answer requests to the path."""
        self._server.expect_request(path).respond_with_handler(handler)


@pytest.fixture
def platform(httpserver: HTTPServer) -> Platform:
    return Platform(httpserver)


@pytest.fixture
def connect() -> Iterator[Callable[..., Connection]]:
    """Connections to a URL that also serves tokens; closed after the test."""
    open_ones: list[Connection | ImsClient] = []

    def open_connection(url: str, *, path: str = "", policy: CallPolicy = FAST) -> Connection:
        ims = ImsClient(base_url=url)
        connection = adobe_connection(
            base_url=url + path,
            ims_org_id=ORG,
            credential=OAuthServerToServer("key-of-test", CLIENT_SECRET, ("openid", "AdobeID")),
            token_store=MemoryTokenStore(),
            ims=ims,
            policy=policy,
        )
        open_ones.extend((connection, ims))
        return connection

    yield open_connection
    for one in open_ones:
        one.close()


@pytest.fixture
def bare() -> Iterator[Callable[..., Connection]]:
    """Connections without authorization; closed after the test."""
    open_ones: list[Connection] = []

    def open_connection(url: str, *, policy: CallPolicy = FAST) -> Connection:
        open_ones.append(Connection(base_url=url, policy=policy))
        return open_ones[-1]

    yield open_connection
    for one in open_ones:
        one.close()


@pytest.fixture
def tooling(platform: Platform, connect: Callable[..., Connection]) -> SandboxToolingClient:
    return SandboxToolingClient(connect(platform.url), sandbox="dev")


@pytest.fixture
def sharing(platform: Platform, connect: Callable[..., Connection]) -> SharingClient:
    return SharingClient(connect(platform.url), sandbox="dev")


@pytest.fixture
def versioning(platform: Platform, connect: Callable[..., Connection]) -> VersioningClient:
    return VersioningClient(connect(platform.url), sandbox="dev")


@pytest.fixture
def journeys(platform: Platform, connect: Callable[..., Connection]) -> JourneysClient:
    return JourneysClient(connect(platform.url, path=AUTHORING), sandbox="dev")


@pytest.fixture
def retrieving(platform: Platform, connect: Callable[..., Connection]) -> RetrieveJourneysClient:
    return RetrieveJourneysClient(connect(platform.url), sandbox="dev")


@pytest.fixture
def decisioning(platform: Platform, connect: Callable[..., Connection]) -> DecisioningClient:
    return DecisioningClient(connect(platform.url), ims_org_id=ORG)


@pytest.fixture
def older(platform: Platform, connect: Callable[..., Connection]) -> DecisioningClient:
    return DecisioningClient(connect(platform.url, path="/some/where"), dialect=Dialect.R1, ims_org_id=ORG)


@pytest.fixture
def snaplogic_at() -> Iterator[Callable[..., SnapLogicClient]]:
    """Clients of a control plane; their connections are closed after the test."""
    open_ones: list[Connection] = []

    def open_client(
        url: str, *, auth: BasicAuth | SignedJwt | None = None, policy: CallPolicy = FAST
    ) -> SnapLogicClient:
        auth = auth or BasicAuth("svc-ci@example.test", SNAPLOGIC_PASSWORD)
        open_ones.append(snaplogic_connection(base_url=url, auth=auth, policy=policy))
        return SnapLogicClient(open_ones[-1], environment=ENVIRONMENT)

    yield open_client
    for one in open_ones:
        one.close()


@pytest.fixture
def snaplogic(platform: Platform, snaplogic_at: Callable[..., SnapLogicClient]) -> SnapLogicClient:
    return snaplogic_at(platform.url)

"""The engine and the systems against the emulator on a real port, one step at a time."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.utils import timezone

from accounts.choices import Role
from accounts.models import Organization, Sandbox, User
from accounts.remote_services import all_services
from accounts.services import connections, sandboxes
from emulator.app import create_app
from emulator.credentials import describe
from emulator.server import RunningServer, run_in_thread
from promotions.choices import ACTIVE
from promotions.engine import inline
from promotions.models import Job, Package, Promotion
from promotions.services import package_plans, packages, plans
from promotions.systems.packages.connection import platform as platform_connection
from promotions.systems.packages.connection import tooling
from tests.factories import CredentialFactory, MembershipFactory, OrganizationFactory, UserFactory

STORY = "Loyalty schemas v3"
# Where the emulator answers for further services.
SERVICES = {"journeys": "/authoring", "decisioning": "/decisioning"}


class Platform:
    """The emulator as a test holds it."""

    def __init__(self, server: RunningServer) -> None:
        self.url = server.url
        self._http = httpx.Client(base_url=f"{server.url}/__emulator", timeout=20)

    def reset(self) -> None:
        self._http.post("/reset").raise_for_status()

    def close(self) -> None:
        self._http.close()

    def arm(self, method: str, path: str, fault: str, **options: Any) -> None:
        body = {"method": method, "path": path, "fault": fault, **options}
        self._http.post("/faults", json=body).raise_for_status()

    def faults(self) -> dict[str, list[str]]:
        """Every fault there is, with the words for the calls that it concerns."""
        found: dict[str, list[str]] = self._http.get("/").raise_for_status().json()["faults"]
        return found

    def disarm(self) -> None:
        self._http.delete("/faults").raise_for_status()

    def advance(self, seconds: float) -> None:
        self._http.post("/clock", json={"advance_s": seconds}).raise_for_status()

    def requests(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._http.get("/requests").raise_for_status().json()["requests"]
        return found

    def forget_requests(self) -> None:
        self._http.delete("/requests").raise_for_status()

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = self._http.get("/state").raise_for_status().json()
        return found

    def switch(self, **switches: Any) -> None:
        self._http.post("/switches", json=switches).raise_for_status()

    def effects(self, operation: str) -> int:
        """How often a write of this kind has had its effect."""
        found = self._http.get("/effects", params={"operation": operation}).raise_for_status().json()
        return int(found["counts"].get(operation, 0))

    def control(self, noun: str, **body: Any) -> dict[str, Any]:
        """Have the emulator do something that is no call of the platform, such as what partners do by themselves."""
        found: dict[str, Any] = self._http.post(f"/{noun}", json=body).raise_for_status().json()
        return found

    def forget(self, noun: str) -> None:
        self._http.delete(f"/{noun}").raise_for_status()

    def effects_of(self, operation: str, **about: Any) -> list[dict[str, Any]]:
        """What really happened at the platform, whatever was answered."""
        params = {"operation": operation, **about}
        found: list[dict[str, Any]] = self._http.get("/effects", params=params).raise_for_status().json()["effects"]
        return found

    def imports_sent(self) -> int:
        return sum(row["method"] == "POST" and row["path"].endswith("/packages/import") for row in self.requests())


@pytest.fixture(scope="session")
def emulator_server() -> Iterator[RunningServer]:
    server = run_in_thread(create_app(seed="demo", speed=0))
    yield server
    server.stop()


@pytest.fixture
def platform(emulator_server: RunningServer) -> Iterator[Platform]:
    found = Platform(emulator_server)
    found.reset()
    yield found
    found.close()


def connect_organization(platform: Platform, name: str, credential_index: int = 0) -> Organization:
    """An organization of ours that is set up from what the emulator says of itself."""
    described = next(found for found in describe("demo", platform.url)["organizations"] if found["name"] == name)
    credential = described["credentials"][credential_index]
    organization = OrganizationFactory(
        name=name,
        remote_id=described["ims_org_id"],
        ims_url=platform.url,
        platform_url=platform.url,
        service_urls={one.name: platform.url + SERVICES[one.name] for one in all_services() if one.name in SERVICES},
    )
    CredentialFactory(
        organization=organization,
        kind=credential["kind"],
        client_id=credential["client_id"],
        secret=credential["client_secret"],
        scopes=credential["scopes"],
        is_primary=True,
    )
    with platform_connection(organization) as connection:
        sandboxes.apply_sandboxes(organization, connections.list_sandboxes(connection))
    return organization


@pytest.fixture
def acme(db: None, platform: Platform) -> Organization:
    return connect_organization(platform, "Acme")


@pytest.fixture
def limited_acme(db: None, platform: Platform) -> Organization:
    """The same organization through the credential that lacks rights."""
    return connect_organization(platform, "Acme", credential_index=1)


@pytest.fixture
def operator(acme: Organization) -> User:
    user = UserFactory(email="operator@example.com", full_name="Oscar Operator")
    MembershipFactory(user=user, organization=acme, role=Role.OPERATOR)
    return user


def known_package(organization: Organization, name: str) -> Package:
    """The package of that name, read from the platform into our rows."""
    with tooling(organization) as client:
        start = 0
        while True:
            page = client.list_packages(start=start)
            packages.apply(organization, page.items)
            if not page.has_next:
                break
            start += page.received
    return Package.objects.get(organization=organization, name=name)


def sandbox_of(organization: Organization, name: str) -> Sandbox:
    return organization.sandboxes.get(name=name)


def run_due(*, later: timedelta = timedelta(0)) -> int:
    """Do what is due, or would be due after some time."""
    if later:
        for job in Job.objects.filter(state__in=ACTIVE):
            Job.objects.filter(pk=job.pk).update(due_at=job.due_at - later)
            if job.submit_at is not None:
                Job.objects.filter(pk=job.pk).update(submit_at=job.submit_at - later)
    return inline.run_due()


@pytest.fixture
def drive(platform: Platform) -> Callable[[Job], Job]:
    """Lets time pass, here and at the platform, until a job is over or needs a person."""

    def until_over(job: Job) -> Job:
        for _ in range(200):
            job.refresh_from_db()
            if job.state not in ACTIVE:
                return job
            Job.objects.filter(pk=job.pk).update(due_at=timezone.now())
            inline.run_due()
            platform.advance(1)
        pytest.fail(f"job {job.pk} never ended: {job.state}, {list(job.events.values_list('text', flat=True))}")

    return until_over


@pytest.fixture
def planned(acme: Organization, operator: User, drive: Callable[[Job], Job]) -> Callable[..., Promotion]:
    """Plans a package into a sandbox and gathers its facts."""

    def plan(name: str = STORY, sandbox: str = "stage", **options: Any) -> Promotion:
        promotion = package_plans.plan_promotion(
            package=known_package(acme, name),
            sandbox=sandbox_of(acme, sandbox),
            job_name=options.pop("job_name", name),
            actor=operator,
            **options,
        )
        job = plans.gathering_job(promotion.current_plan)
        assert job is not None
        drive(job)
        return promotion

    return plan

"""Two organizations that share, both of this installation and of the emulated platform, and their people."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.choices import Role
from accounts.models import Organization, User
from promotions.choices import ACTIVE, Direction
from promotions.engine import inline
from promotions.models import Job, Partnership, SharingLeg, SharingRequest, Transfer
from promotions.services import approvals, sharing
from promotions.services.sharing import PullSource
from tests.factories import MembershipFactory, UserFactory
from tests.integration.promotions.conftest import Platform, connect_organization, known_package

PACKAGE = "Loyalty schemas v3"
NORTHWIND, INITECH = "Northwind", "Initech"
SETTLE = timedelta(seconds=settings.SUBMIT_SETTLE_S + 1)
ASK, ACTION = "*/handshake/bulkCreate", "*/handshake/action"
SHARE, PULL, PUBLIC = "*/transfer", "*/transfer/pullRequest", "*/packages"


@dataclass
class Side:
    """One organization with somebody who asks and somebody who agrees."""

    organization: Organization
    operator: User
    approver: User

    def agree(self, request: SharingRequest) -> SharingRequest:
        approvals.approve(approval=request.approvals.get(), actor=self.approver, reason="They need it.")
        request.refresh_from_db()
        return request

    def ask(self, *partner_ids: str) -> SharingRequest:
        asked = sharing.request_partnerships(
            organization=self.organization, partner_ids=partner_ids, note="For the loyalty team.", actor=self.operator
        )
        return self.agree(asked)

    def share(self, *partner_ids: str, name: str = PACKAGE) -> SharingRequest:
        package = known_package(self.organization, name)
        return self.agree(sharing.request_share(package=package, partner_ids=partner_ids, actor=self.operator))

    def make_public(self, name: str = PACKAGE) -> SharingRequest:
        package = known_package(self.organization, name)
        return self.agree(sharing.request_publicity(package=package, typed_name=name, actor=self.operator))

    def pull(self, source_id: str, package_id: str) -> SharingRequest:
        sources = [PullSource(source_id, package_id)]
        return self.agree(sharing.request_pull(organization=self.organization, sources=sources, actor=self.operator))


@dataclass
class World:
    """The two, and the platform behind them. Time passes only when it is told to."""

    platform: Platform
    acme: Side
    globex: Side

    def join(self, organization: str) -> Side:
        return side(connect_organization(self.platform, organization))

    def begin_without_partners(self) -> None:
        self.platform.forget("handshakes")

    def round(self, *, seconds: float = 0) -> None:
        """Do whatever is due or will be; then time passes at the platform."""
        Job.objects.filter(state__in=ACTIVE).update(due_at=timezone.now())
        inline.run_due()
        self.platform.advance(seconds)

    def step(self, job: Job, *, seconds: float = 0) -> Job:
        """Do what one job needs next."""
        Job.objects.filter(pk=job.pk, state__in=ACTIVE).update(due_at=timezone.now())
        inline.run_due()
        self.platform.advance(seconds)
        job.refresh_from_db()
        return job

    def until(self, is_there: Callable[[], bool], *, rounds: int = 60) -> None:
        for _ in range(rounds):
            if is_there():
                return
            self.round(seconds=10)
        pytest.fail(f"it never came to that: {list(Job.objects.values_list('kind', 'state', 'problem'))}")

    def finish(self, job: Job) -> Job:
        def is_over() -> bool:
            job.refresh_from_db()
            return job.state not in ACTIVE

        self.until(is_over)
        return job


def side(organization: Organization) -> Side:
    people = []
    for role in (Role.OPERATOR, Role.APPROVER):
        person = UserFactory(full_name=f"{organization} {role}")
        MembershipFactory(user=person, organization=organization, role=role)
        people.append(person)
    return Side(organization, *people)


@pytest.fixture
def world(db: None, platform: Platform) -> World:
    acme, globex = (side(connect_organization(platform, name)) for name in ("Acme", "Globex"))
    return World(platform, acme, globex)


def leg_of(request: SharingRequest) -> SharingLeg:
    return request.legs.select_related("asking_job", "sending_job", "partnership", "transfer").get()


def asking_job(request: SharingRequest) -> Job:
    job = leg_of(request).asking_job
    assert job is not None
    return job


def sending_job(request: SharingRequest) -> Job:
    job = leg_of(request).sending_job
    assert job is not None, leg_of(request).state
    return job


def id_of(world: World, name: str) -> str:
    """The id of an organization of the platform, ours or not."""
    found: str = world.platform.control("partners", ims_org_id=name)["ims_org_id"]
    return found


def partnership(organization: Organization, partner_id: str) -> Partnership:
    return Partnership.objects.get(organization=organization, partner_id=partner_id)


def has_arrived(organization: Organization, name: str = PACKAGE) -> bool:
    """Whether a package of this name that came in is known by now among the organization's own."""
    incoming = Transfer.objects.filter(organization=organization, direction=Direction.INCOMING, package_name=name)
    return incoming.exclude(package=None).exists()


def texts(job: Job) -> str:
    return "\n".join(job.events.values_list("text", flat=True))

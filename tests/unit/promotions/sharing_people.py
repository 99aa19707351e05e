"""Two organizations that both live here, their people, and the way to a request that is under way."""

from dataclasses import dataclass

import pytest

from accounts.choices import Role
from accounts.models import Organization, User
from promotions.models import Approval, Package, SharingRequest
from promotions.services import approvals, sharing
from tests.factories import MembershipFactory, OrganizationFactory, UserFactory
from tests.factories_promotions import ArtifactFactory, PackageFactory
from tests.factories_sharing import PARTNER_ID

OTHER_ID = "1A2B3C4D5E6F708192A3B4C5@AdobeOrg"


def member(organization: Organization, role: Role, name: str) -> User:
    user: User = UserFactory(full_name=name)
    MembershipFactory(user=user, organization=organization, role=role)
    return user


@dataclass(frozen=True)
class Sides:
    """Acme, which shares, and Globex, which is asked."""

    acme: Organization
    globex: Organization
    package: Package
    operator: User
    approver: User

    def ask(self, *partner_ids: str) -> SharingRequest:
        return sharing.request_share(
            package=self.package, partner_ids=partner_ids or [PARTNER_ID], note="For them.", actor=self.operator
        )

    def agree(self, request: SharingRequest, by: User | None = None) -> SharingRequest:
        approvals.approve(approval=approval_of(request), actor=by or self.approver, reason="They need it.")
        request.refresh_from_db()
        return request

    def agreed(self, *partner_ids: str) -> SharingRequest:
        return self.agree(self.ask(*partner_ids))


def approval_of(request: SharingRequest) -> Approval:
    return request.approvals.get()


def states(request: SharingRequest) -> list[str]:
    return list(request.legs.values_list("state", flat=True))


@pytest.fixture
def sides(db: None) -> Sides:
    return make_sides()


def make_sides() -> Sides:
    acme = OrganizationFactory(name="Acme", region="VA7")
    package = PackageFactory(organization=acme, name="Loyalty", artifact_count=1)
    ArtifactFactory(package=package)
    return Sides(
        acme,
        OrganizationFactory(name="Globex", remote_id=PARTNER_ID),
        package,
        member(acme, Role.OPERATOR, "Oscar Operator"),
        member(acme, Role.APPROVER, "Ada Approver"),
    )

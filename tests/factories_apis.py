"""API versions of SnapLogic for tests: versions, their zips, imports and changes of their life."""

import hashlib

import factory
from factory.django import DjangoModelFactory

from accounts.choices import OrganizationKind
from accounts.models import Organization
from promotions.api_choices import ArchiveOrigin, DuplicateRule, LifecycleAct
from promotions.models import ApiVersion, Archive, Plan, Promotion, api_pick_key
from promotions.services import sealed_files
from promotions.systems.snaplogic import kinds
from promotions.systems.snaplogic.acts import Act
from promotions.systems.snaplogic.picks import Pick
from tests.factories import MembershipFactory, SnapLogicOrganizationFactory, UserFactory
from tests.factories_promotions import PlanFactory, PromotionFactory

CONTENT = b"PK\x05\x06" + b"\0" * 18  # the smallest zip there is


class ApiVersionFactory(DjangoModelFactory[ApiVersion]):
    """Of a state that nobody knows."""

    class Meta:
        model = ApiVersion

    organization = factory.SubFactory(SnapLogicOrganizationFactory)
    api = factory.Sequence(lambda n: f"orders-{n}")
    version = "v1"
    known_from = "named by Ada Wong"


class ArchiveFactory(DjangoModelFactory[Archive]):
    """An uploaded zip; its content lies in the storage only with `content`."""

    class Meta:
        model = Archive

    class Params:
        content = factory.Trait(file=factory.LazyFunction(lambda: sealed_files.write([CONTENT], at_most=1000).name))

    organization = factory.SubFactory(SnapLogicOrganizationFactory)
    origin = ArchiveOrigin.UPLOADED
    name = factory.Sequence(lambda n: f"orders-{n}.zip")
    size = len(CONTENT)
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    file = "never-written"
    created_by = factory.SubFactory(UserFactory)


class ApiImportFactory(PromotionFactory):
    """The zip of an archive, into a version of its own environment."""

    class Meta:
        model = Promotion

    class Params:
        archive = factory.SubFactory(ArchiveFactory)
        api = "orders"
        version = "v2"
        rule = DuplicateRule.SKIP

    system = kinds.SYSTEM
    package = None
    source_organization = factory.SelfAttribute("archive.organization")
    target_organization = factory.SelfAttribute("archive.organization")
    target_sandbox = factory.LazyAttribute(lambda made: made.target_organization.environment)
    source_place = factory.SelfAttribute("archive.name")
    title = factory.LazyAttribute(lambda made: f"{made.api} {made.version}")
    job_name = factory.SelfAttribute("title")
    pick = factory.LazyAttribute(
        lambda made: Pick(made.api, made.version, made.rule, archive=made.archive.pk).as_json()
    )
    pick_key = factory.LazyAttribute(lambda made: api_pick_key(made.target_organization.pk, made.api, made.version))


class ApiImportPlanFactory(PlanFactory):
    """Open, without anything to decide."""

    class Meta:
        model = Plan

    promotion = factory.SubFactory(ApiImportFactory)
    facts = factory.LazyFunction(dict)


class LifecycleFactory(PromotionFactory):
    """A change of the life of one version."""

    class Meta:
        model = Promotion

    class Params:
        row = factory.SubFactory(ApiVersionFactory)
        act = LifecycleAct.DEPRECATE

    system = kinds.LIFECYCLE_SYSTEM
    package = None
    source_organization = factory.SelfAttribute("row.organization")
    target_organization = factory.SelfAttribute("row.organization")
    target_sandbox = factory.LazyAttribute(lambda made: made.target_organization.environment)
    source_place = factory.LazyAttribute(lambda made: str(made.row))
    title = factory.LazyAttribute(lambda made: f"{made.act.label} {made.row}")
    job_name = factory.SelfAttribute("title")
    pick = factory.LazyAttribute(lambda made: Act(made.act, ((made.row.api, made.row.version),)).as_json())
    pick_key = factory.SelfAttribute("row.pick_key")


def environment_beside(organization: Organization) -> Organization:
    """The environment of SnapLogic in which the same people have the same roles; made when it is first asked for."""
    remote_id = f"beside-{organization.pk}"
    found = Organization.objects.filter(kind=OrganizationKind.SNAPLOGIC, remote_id=remote_id).first()
    if found is not None:
        return found
    environment: Organization = SnapLogicOrganizationFactory(remote_id=remote_id, name=f"{organization} integrations")
    for membership in organization.memberships.all():
        MembershipFactory(user=membership.user, organization=environment, role=membership.role)
    return environment

"""What a made-up call can be about, written straight into the database of a demo installation.

Over the API alone many states are hard to come by: a lost answer, a mail that was given up, a request of somebody else.
Runs inside `manage.py shell`.
"""

import json
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.choices import DeliveryState, OrganizationKind, Role
from accounts.models import Credential, Organization, User
from accounts.services import api_tokens
from promotions.api_choices import ArchiveKind
from promotions.choices import Decision, ItemInput, ItemKind, JobState, PlanState, Visibility
from promotions.models import Job, Package, Plan, PlanItem, RunCheck
from promotions.systems.journeys import kinds as journey_kinds
from promotions.systems.packages import kinds
from promotions.systems.snaplogic import kinds as snaplogic_kinds
from promotions.systems.snaplogic.picks import Pick
from tests.factories import (
    ApiTokenFactory,
    CredentialFactory,
    InvitationFactory,
    MembershipFactory,
    NoticeDeliveryFactory,
    NoticeFactory,
    OrganizationFactory,
    SandboxFactory,
    SnapLogicOrganizationFactory,
    StoredValueFactory,
)
from tests.factories_api_accounts import MAIL_ACCOUNT, with_accounts
from tests.factories_apis import ApiImportPlanFactory, ApiVersionFactory, ArchiveFactory
from tests.factories_decisioning import MappingFactory, migrated
from tests.factories_journeys import JourneyCopyFactory, JourneyFactory
from tests.factories_promotions import (
    ApprovalFactory,
    JobEventFactory,
    JobFactory,
    PackageFactory,
    PlanFactory,
    PlanItemFactory,
    PromotionFactory,
    SavedViewFactory,
    TaskResultFactory,
    offer,
)
from tests.factories_sharing import PARTNER_ID, PartnershipFactory, SharingRequestFactory, TransferFactory
from tests.processes import wait_until

OF_EACH = 30


def make() -> str:
    """Make them, and say who calls, with which token, what the calls must leave, what can be planned and filled in."""
    wait_until(_is_read, within_s=60, what="sandboxes and packages of all organizations")
    with transaction.atomic():
        return json.dumps(_make())


def _is_read() -> bool:
    read = Job.objects.filter(kind=kinds.SYNCHRONIZE, state=JobState.SUCCEEDED).values("organization")
    packaged = Organization.objects.filter(kind=OrganizationKind.ADOBE)
    unread = packaged.exclude(pk__in=read) | packaged.filter(sandboxes=None)
    return packaged.exists() and not unread.exists()


def _make() -> dict[str, object]:
    caller = User.objects.filter(is_superuser=True).order_by("pk")[:1].get()
    # The emulator knows nothing of what is made here.
    organization = OrganizationFactory(name="Made up", service_dialects={"decisioning": "r1"})
    kept = {
        "organizations": list(Organization.objects.values_list("pk", flat=True)),
        "credentials": list(Credential.objects.values_list("pk", flat=True)),
    }
    packages = list(Package.objects.importable(timezone.now()).order_by("pk").values_list("pk", flat=True))
    for number in range(OF_EACH):
        _make_one(number, caller, organization)
    plans = [_decided_before(organization).pk for _ in range(OF_EACH)]
    values = [_to_fill_in(organization).pk for _ in range(OF_EACH)]
    mappings = [_to_map(organization).pk for _ in range(OF_EACH)]
    migrations = [migrated(organization).pk for _ in range(OF_EACH)]
    environment = SnapLogicOrganizationFactory(name="Made up, too", remote_id="made-up")
    imports = [_to_import(environment).pk for _ in range(OF_EACH)]
    ended = [_imported(environment).pk for _ in range(OF_EACH)]
    checks = list(RunCheck.objects.filter(job__in=migrations).values_list("pk", flat=True))
    token, text = api_tokens.create_api_token(user=caller, name="fuzz", actor=caller)
    return {
        "token": token.pk,
        "person": caller.pk,
        "text": text,
        "kept": kept,
        "packages": packages,
        "plans": plans,
        "environments": [environment.pk],
        "import plans": imports,
        "ended imports": ended,
        "values": [*values, *mappings],
        "mappings": mappings,
        "migrations": migrations,
        "checks": checks,
    }


def _make_one(number: int, caller: User, organization: Organization) -> None:
    later = timezone.now() + timedelta(days=1)
    MembershipFactory(organization=organization, role=Role.OPERATOR)
    InvitationFactory(organization=organization, role=Role.VIEWER, token=f"link-{number}")
    StoredValueFactory(organization=organization)
    ApiTokenFactory(user=caller)
    NoticeFactory(person=caller)
    NoticeDeliveryFactory(notice__person=caller, state=DeliveryState.GIVEN_UP, error="Mailbox full")
    SavedViewFactory(person=caller)
    CredentialFactory(organization=OrganizationFactory())
    PackageFactory(organization=organization, draft=True)
    ApprovalFactory(plan__promotion__package__organization=organization)
    JobFactory(organization=organization, **_of(_plan(organization)), unknown_outcome=True)
    JobFactory(organization=organization, **_of(_plan(organization)), unknown_outcome=True, remote_id=f"lost-{number}")
    JobFactory(organization=organization, **_of(_plan(organization)), due_at=later)
    JobFactory(organization=organization, **_of(_plan(organization)), running=True, due_at=later)
    failed = JobFactory(organization=organization, **_of(_plan(organization)), succeeded=True, state=JobState.FAILED)
    JobEventFactory(job=failed)
    TaskResultFactory(job=failed, outcome="failed", claim="FAILED")
    SharingRequestFactory(package__organization=organization, partners=[f"{number:024X}@AdobeOrg", PARTNER_ID])
    PartnershipFactory(organization=organization, partner_id=f"{OF_EACH + number:024X}@AdobeOrg")
    PartnershipFactory(organization=organization, outgoing=True, approved=True, partner_id=f"{number:024X}@AdobeOrg")
    TransferFactory(package__organization=organization, failed=True)
    PackageFactory(organization=organization, visibility=Visibility.PUBLIC)


def _plan(organization: Organization) -> Plan:
    plan: Plan = PlanFactory(promotion__package__organization=organization, state=PlanState.READY)
    return plan


def _decided_before(organization: Organization) -> Plan:
    plan: Plan = PlanFactory(promotion__package__organization=organization)
    item = PlanItemFactory(plan=plan)
    before = {"decision": "reuse", "by": "Ada", "at": "2026-11-01T00:00:00Z", "times": 1}
    PlanItem.objects.filter(pk=item.pk).update(remembered={**before, "target": item.choices[0]["target"]})
    return plan


def _to_fill_in(organization: Organization) -> Plan:
    """A journey's plan with a secret and a name, and what an import of the same has made before."""
    journey = JourneyFactory(sandbox__organization=organization)
    promotion = PromotionFactory(
        package=None,
        system=journey_kinds.SYSTEM,
        title=journey.name,
        job_name=journey.name,
        source_place=journey.sandbox.name,
        source_organization=organization,
        target_organization=organization,
        target_sandbox=SandboxFactory(organization=organization),
        pick={"journey": journey.pk, "version_uid": journey.latest_version_uid, "sandbox": journey.sandbox.name},
        pick_key=journey.pick_key,
    )
    job = JobFactory(organization=organization, kind=journey_kinds.IMPORT, promotion=promotion, succeeded=True)
    JourneyCopyFactory(job=job, promotion=promotion, target_sandbox=promotion.target_sandbox)
    plan: Plan = PlanFactory(promotion=promotion)
    value = {"plan": plan, "kind": ItemKind.VALUE}
    PlanItemFactory(**value, type="Secret", input=ItemInput.SECRET, choices=[])
    PlanItemFactory(**value, type="Template name", input=ItemInput.TEXT, choices=[offer(Decision.KEEP)])
    return plan


def _to_import(environment: Organization) -> Plan:
    """An API version's plan with two accounts, of which one is edited; beside it a version, and a zip of each kind."""
    ApiVersionFactory(organization=environment)
    ArchiveFactory(organization=environment, content=True)
    expressions = ArchiveFactory(
        organization=environment,
        content=True,
        kind=ArchiveKind.EXPRESSIONS,
        inventory={"files": ["helpers.expr"], "details": [], "warnings": []},
    )
    plan = ApiImportPlanFactory(promotion__archive=ArchiveFactory(organization=environment, content=True))
    plan.promotion.pick = Pick.of(plan.promotion).changed(expressions=expressions.pk).as_json()
    return with_accounts(plan, edited=(MAIL_ACCOUNT,))


def _imported(environment: Organization) -> Job:
    """An import that met something of the same name."""
    plan = ApiImportPlanFactory(
        promotion__archive=ArchiveFactory(organization=environment, content=True), state=PlanState.READY
    )
    job: Job = JobFactory(
        organization=environment,
        kind=snaplogic_kinds.IMPORT,
        **_of(plan),
        succeeded=True,
        state=JobState.PARTLY_FAILED,
        submit_count=1,
    )
    TaskResultFactory(job=job, type="Pipeline", outcome="failed", claim="409")
    return job


def _to_map(organization: Organization) -> Plan:
    """A migration's plan with two attributes that nobody has mapped."""
    plan: Plan = MappingFactory(plan__promotion__organization=organization).plan
    MappingFactory(plan=plan)
    return plan


def _of(plan: Plan) -> dict[str, object]:
    promotion = plan.promotion
    return {
        "plan": plan,
        "promotion": promotion,
        "package": promotion.package,
        "sandbox": promotion.target_sandbox,
    }

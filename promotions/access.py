"""The only way a view, the API or a command gets an object. What you may not know of is 404."""

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404

from accounts.access import (
    has_role,
    organization_for_read,
    organization_for_role,
    organizations_for_role,
    require_role,
    sandbox_for_read,
    sandboxes_for_read,
)
from accounts.choices import OrganizationKind, Role
from accounts.models import Organization, Sandbox, User
from promotions.models import (
    Approval,
    Job,
    Journey,
    JourneyCopy,
    Package,
    Partnership,
    Plan,
    PlanItem,
    Promotion,
    PromotionGroup,
    RunCheck,
    SavedView,
    SharingRequest,
    Transfer,
)
from promotions.systems.journeys.kinds import SYSTEM as JOURNEY_SYSTEM

__all__ = [
    "approval_for_change",
    "approval_for_decision",
    "approval_for_read",
    "approvals_for_read",
    "can_operate",
    "group_for_change",
    "group_for_read",
    "job_for_change",
    "job_for_read",
    "journey_copies_for_read",
    "journey_copy_for_change",
    "journey_copy_for_read",
    "journey_for_comparison",
    "journey_for_operation",
    "journey_for_promotion",
    "journey_for_read",
    "journey_plan_for_change",
    "journey_targets",
    "operates_any",
    "organization_for_operation",
    "organization_for_read",
    "package_for_operation",
    "package_for_read",
    "partnership_for_decision",
    "partnership_for_read",
    "partnerships_for_read",
    "plan_for_change",
    "plan_for_read",
    "plan_item_for_change",
    "promotion_for_change",
    "promotion_for_read",
    "run_check_for_change",
    "sandbox_for_read",
    "sandbox_of",
    "saved_view_for_owner",
    "sharing_request_for_operation",
    "sharing_request_for_read",
    "sharing_requests_for_read",
    "source_sandboxes",
    "target_sandboxes",
    "transfer_for_operation",
    "transfer_for_read",
    "transfers_for_read",
]


def organization_for_operation(user: User, pk: int) -> Organization:
    """An organization whose packages are to be read again; needs an operator."""
    return organization_for_role(user, pk, Role.OPERATOR)


def package_for_read(user: User, pk: int) -> Package:
    packages = Package.objects.visible_to(user).select_related("organization")
    return get_object_or_404(packages, pk=pk)


def package_for_operation(user: User, pk: int) -> Package:
    """A package to publish or synchronize; needs an operator."""
    package = package_for_read(user, pk)
    require_role(user, package.organization, Role.OPERATOR)
    return package


def promotion_for_read(user: User, pk: int) -> Promotion:
    promotions = Promotion.objects.visible_to(user).select_related(
        "target_sandbox__organization", "target_organization", "source_organization", "package", "created_by"
    )
    return get_object_or_404(promotions, pk=pk)


def promotion_for_change(user: User, pk: int) -> Promotion:
    promotion = promotion_for_read(user, pk)
    require_role(user, promotion.target_organization, Role.OPERATOR)
    return promotion


def plan_for_read(user: User, pk: int) -> Plan:
    plans = Plan.objects.filter(promotion__in=Promotion.objects.visible_to(user)).select_related(
        "promotion__target_sandbox__organization", "promotion__target_organization", "promotion__package"
    )
    return get_object_or_404(plans, pk=pk)


def plan_for_change(user: User, pk: int) -> Plan:
    plan = plan_for_read(user, pk)
    require_role(user, plan.promotion.target_organization, Role.OPERATOR)
    return plan


def plan_item_for_change(user: User, pk: int) -> PlanItem:
    items = PlanItem.objects.filter(plan__promotion__in=Promotion.objects.visible_to(user))
    item = get_object_or_404(items.select_related("plan__promotion__target_organization"), pk=pk)
    require_role(user, item.plan.promotion.target_organization, Role.OPERATOR)
    return item


def journey_plan_for_change(user: User, pk: int) -> Plan:
    """A plan whose run sends an exported journey."""
    plan = plan_for_change(user, pk)
    if plan.promotion.system != JOURNEY_SYSTEM:
        raise Http404
    return plan


def approvals_for_read(user: User) -> QuerySet[Approval]:
    """Those of promotions that the person may read, with what a list shows."""
    visible = Approval.objects.visible_to(user).select_related(
        "organization",
        "sharing__package",
        "plan__promotion__target_sandbox__organization",
        "plan__promotion__target_organization",
        "plan__promotion__source_organization",
        "plan__promotion__package",
        "requested_by",
        "decided_by",
    )
    return visible.prefetch_related("sharing__legs")


def approval_for_read(user: User, pk: int) -> Approval:
    return get_object_or_404(approvals_for_read(user), pk=pk)


def approval_for_change(user: User, pk: int) -> Approval:
    """An approval to take back; needs an operator of the target."""
    approval = approval_for_read(user, pk)
    require_role(user, approval.organization, Role.OPERATOR)
    return approval


def approval_for_decision(user: User, pk: int) -> Approval:
    """An approval to give or refuse; that the person takes part in it themselves is for the service to say."""
    approval = approval_for_read(user, pk)
    require_role(user, approval.organization, Role.APPROVER)
    return approval


def group_for_read(user: User, pk: int) -> PromotionGroup:
    """A group of which the person may read at least one promotion; pages show only those."""
    groups = PromotionGroup.objects.filter(pk__in=Promotion.objects.visible_to(user).values("group_id"))
    return get_object_or_404(groups.select_related("organization", "package", "created_by"), pk=pk)


def group_for_change(user: User, pk: int) -> PromotionGroup:
    """A group to decide on; each target's own role is the service's to ask for."""
    group = group_for_read(user, pk)
    if not can_change_group(user, group):
        raise PermissionDenied("This needs the role operator in the organization of a target. Ask one of its admins.")
    return group


def can_change_group(user: User, group: PromotionGroup) -> bool:
    """Whether the person may decide for one of its targets; of the source they need only to read."""
    operated = organizations_for_role(user, Role.OPERATOR)
    return group.promotions.filter(target_organization__in=operated).exists()


def job_for_read(user: User, pk: int) -> Job:
    jobs = Job.objects.visible_to(user).select_related(
        "organization", "sandbox__organization", "package", "plan", "promotion", "requested_by", "credential"
    )
    return get_object_or_404(jobs, pk=pk)


def job_for_change(user: User, pk: int) -> Job:
    job = job_for_read(user, pk)
    require_role(user, job.organization, Role.OPERATOR)
    return job


def journey_for_read(user: User, pk: int) -> Journey:
    journeys = Journey.objects.visible_to(user).select_related("organization", "sandbox__organization")
    return get_object_or_404(journeys, pk=pk)


def journey_for_operation(user: User, pk: int) -> Journey:
    """A journey to read anew; needs an operator."""
    journey = journey_for_read(user, pk)
    require_role(user, journey.organization, Role.OPERATOR)
    return journey


def journey_for_comparison(user: User, pk: int) -> Journey:
    """A journey to read anew with another one, in one of whose organizations the person must be an operator."""
    journey = journey_for_read(user, pk)
    if not operates_any(user):
        raise PermissionDenied("Reading two journeys needs the role operator in the organization of one of them.")
    return journey


def journey_for_promotion(user: User, pk: int) -> Journey:
    """A journey to bring elsewhere: reading it is enough, but the person must operate some organization."""
    journey = journey_for_read(user, pk)
    if not operates_any(user):
        raise PermissionDenied("Promoting needs the role operator in the organization of the target.")
    return journey


def journey_targets(user: User, journey: Journey) -> list[Sandbox]:
    """Where this person may bring this journey: active sandboxes but its own, those of its organization first."""
    return sorted(
        (sandbox for sandbox in source_sandboxes(user) if sandbox.pk != journey.sandbox_id),
        key=lambda sandbox: sandbox.organization_id != journey.organization_id,
    )


def journey_copies_for_read(user: User) -> QuerySet[JourneyCopy]:
    """What imports made of journeys."""
    return JourneyCopy.objects.visible_to(user).select_related(
        "source_organization", "target_organization", "target_sandbox__organization", "published_by"
    )


def journey_copy_for_read(user: User, pk: int) -> JourneyCopy:
    return get_object_or_404(journey_copies_for_read(user), pk=pk)


def journey_copy_for_change(user: User, pk: int) -> JourneyCopy:
    """What an import made, to note something on it; needs an operator of the target."""
    copy = journey_copy_for_read(user, pk)
    require_role(user, copy.target_organization, Role.OPERATOR)
    return copy


def run_check_for_read(user: User, pk: int) -> RunCheck:
    checks = RunCheck.objects.filter(job__in=Job.objects.visible_to(user))
    return get_object_or_404(checks.select_related("job__organization", "ticked_by"), pk=pk)


def run_check_for_change(user: User, pk: int) -> RunCheck:
    """Something to check after a run; needs an operator of the target."""
    check = run_check_for_read(user, pk)
    require_role(user, check.job.organization, Role.OPERATOR)
    return check


def partnerships_for_read(user: User) -> QuerySet[Partnership]:
    """One organization's own side; the partner's is another row."""
    return Partnership.objects.visible_to(user).select_related("organization", "decision_job__requested_by")


def partnership_for_read(user: User, pk: int) -> Partnership:
    return get_object_or_404(partnerships_for_read(user), pk=pk)


def partnership_for_decision(user: User, pk: int) -> Partnership:
    """An incoming request to approve or reject; whether it still waits is for the service to say."""
    partnership = partnership_for_read(user, pk)
    require_role(user, partnership.organization, Role.APPROVER)
    return partnership


def transfers_for_read(user: User) -> QuerySet[Transfer]:
    return Transfer.objects.visible_to(user).select_related("organization", "package__organization", "again_of")


def transfer_for_read(user: User, pk: int) -> Transfer:
    return get_object_or_404(transfers_for_read(user), pk=pk)


def transfer_for_operation(user: User, pk: int) -> Transfer:
    """A failed transfer to ask for again; needs an operator."""
    transfer = transfer_for_read(user, pk)
    require_role(user, transfer.organization, Role.OPERATOR)
    return transfer


def sharing_requests_for_read(user: User) -> QuerySet[SharingRequest]:
    visible = SharingRequest.objects.visible_to(user).select_related(
        "organization", "package", "created_by", "ended_by", "again_of"
    )
    return visible.prefetch_related("legs")


def sharing_request_for_read(user: User, pk: int) -> SharingRequest:
    return get_object_or_404(sharing_requests_for_read(user), pk=pk)


def sharing_request_for_operation(user: User, pk: int) -> SharingRequest:
    """A request to stop; needs an operator."""
    request = sharing_request_for_read(user, pk)
    require_role(user, request.organization, Role.OPERATOR)
    return request


def saved_view_for_owner(user: User, pk: int) -> SavedView:
    return get_object_or_404(SavedView, pk=pk, person=user)


def can_operate(user: User, organization: Organization) -> bool:
    """Whether pages should offer what an operator may do."""
    return has_role(user, organization, Role.OPERATOR)


def operates_any(user: User) -> bool:
    """Whether there is an organization whose packages this person may build."""
    return organizations_for_role(user, Role.OPERATOR).filter(kind=OrganizationKind.ADOBE).exists()


def source_sandboxes(user: User) -> list[Sandbox]:
    """Active sandboxes of the organizations that this person operates, by organization."""
    operated = organizations_for_role(user, Role.OPERATOR)
    sandboxes = sandboxes_for_read(user).of_adobe().filter(organization__in=operated).select_related("organization")
    return [one for one in sandboxes.order_by("organization__name", "organization_id", "name") if one.is_active]


def sandbox_of(package: Package) -> Sandbox | None:
    """The sandbox that a package takes its objects from, if it is known here and active."""
    found = package.organization.sandboxes.filter(name=package.source_sandbox).first()
    return found if found is not None and found.is_active else None


def target_sandboxes(user: User, package: Package) -> list[Sandbox]:
    """Where this person may bring this package: active sandboxes of its organization, other than its source."""
    operated = organizations_for_role(user, Role.OPERATOR)
    sandboxes = sandboxes_for_read(user).of_adobe().filter(organization__in=operated, organization=package.organization)
    return [
        sandbox
        for sandbox in sandboxes.select_related("organization").order_by("name")
        if sandbox.is_active and sandbox.name != package.source_sandbox
    ]

"""When a run needs somebody else's consent, and whether it has it. The same answer for every face and for workers."""

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts import access
from accounts.choices import ROLE_RANK, Role
from accounts.models import Membership, User
from accounts.services import audit
from promotions.choices import OPEN_APPROVALS, ApprovalState, JobState, ProblemKind
from promotions.engine.registry import Ending
from promotions.models import Approval, Plan, PlanItem, Promotion
from promotions.services import freezing, notices
from promotions.services.verbs import Verb


def rule_for(promotion: Promotion) -> str:
    """Why this promotion needs an approval, in a sentence; empty if it needs none."""
    sandbox, target = promotion.target_sandbox, promotion.target_organization
    if promotion.source_organization_id != promotion.target_organization_id:
        return f"It brings content of {promotion.source_organization} into {target}."
    if target.is_production:
        return f"All of {target} counts as production."
    if sandbox.is_production:
        kind = "is production" if sandbox.type == "production" else f"is of the unknown type “{sandbox.type}”"
        return f"{sandbox.name} {kind}."
    return ""


def binding_rule(promotion: Promotion) -> str:
    """The same, also where the reason has gone since somebody was asked: what was put under consent stays under it.

    Otherwise a production mark that is taken away for a minute would let a rejected promotion run.
    """
    if rule := rule_for(promotion):
        return rule
    asked = Approval.objects.filter(plan__promotion=promotion).order_by("-pk").values_list("rule", flat=True).first()
    return f"An approval was asked for, because: {asked}" if asked else ""


def latest(plan: Plan) -> Approval | None:
    """The last request for consent to this revision, whatever became of it."""
    return plan.approvals.select_related("requested_by", "decided_by").order_by("-pk").first()


def standing(plan: Plan) -> Approval | None:
    """The request that waits or the consent that stands for this revision; times that have passed do not count."""
    open_ones = plan.approvals.filter(state__in=OPEN_APPROVALS, expires_at__gt=timezone.now())
    return open_ones.select_related("requested_by", "decided_by").first()


def reasons_without_consent(plan: Plan) -> list[str]:
    """What is missing of the consent that a run of this plan needs, as sentences; empty if nothing is."""
    rule = binding_rule(plan.promotion)
    if not rule:
        return []
    found = standing(plan)
    if found is None:
        return [f"{rule} It needs an approval by somebody else; ask for it."]
    if found.state == ApprovalState.PENDING:
        return [f"It waits for an approval that {found.requested_by} asked for."]
    return objections(found)


def objections(approval: Approval) -> list[str]:
    """What speaks against a consent that was given."""
    approver, organization = approval.decided_by, approval.plan.promotion.target_organization
    if approver is None or not access.has_role(approver, organization, Role.APPROVER):
        return [f"{approver or 'Whoever'} approved it, and is no approver of {organization} any more. Ask for another."]
    if approval.content_hash != freezing.content_hash(approval.plan):
        return ["Its content is not what was approved. Plan again."]
    return []


def lost(plan: Plan) -> Ending | None:
    """How a run ends whose consent is missing or no longer holds, asked just before sending; None if it may be sent."""
    reasons = reasons_without_consent(plan)
    if not reasons:
        return None
    return Ending(
        state=JobState.CANCELLED,
        problem_kind=ProblemKind.NOT_APPROVED,
        problem=f"Nothing was sent: the approval does not hold. {' '.join(reasons)}",
    )


@transaction.atomic
def void(plan: Plan, changes: list[str], *, actor: User | None) -> None:
    """End what was asked or agreed on a locked plan, because of what changed; call it before the plan reopens."""
    for approval in plan.approvals.filter(state__in=OPEN_APPROVALS).select_related("requested_by"):
        approval.state, approval.ended_at, approval.void_changes = ApprovalState.VOID, timezone.now(), changes
        approval.save(update_fields=["state", "ended_at", "void_changes"])
        notices.approval_ended(approval)
        audit.record(
            Verb.APPROVAL_VOIDED,
            actor=actor,
            subject=approval,
            organization=plan.promotion.target_organization,
            details={"changes": changes, "content_hash": approval.content_hash},
        )


def reason_not_to_decide(approval: Approval, user: User) -> str:
    """Why this person may not decide on it, in a sentence; empty if they may.

    Consent is somebody else's: neither the requester's, nor of whoever planned it or made one of its decisions.
    """
    promotion = approval.plan.promotion
    organization = promotion.target_organization
    if not access.has_role(user, organization, Role.APPROVER):
        return f"This needs the role approver in {organization}."
    if user.pk == approval.requested_by_id:
        return "You asked for this approval. Somebody else has to decide."
    if user.pk == promotion.created_by_id:
        return "You planned this promotion. Somebody else has to decide."
    if approval.plan.items.filter(decided_by=user).exists():
        return "You made decisions in this plan. Somebody else has to agree to them."
    return ""


def waiting_for(user: User) -> QuerySet[Approval]:
    """The requests on which this person may decide now: what `reason_not_to_decide` says of one, for all at once."""
    approvers_of = access.organizations_for_role(user, Role.APPROVER)
    decided_in_it = PlanItem.objects.filter(plan=OuterRef("plan"), decided_by=user)
    return (
        Approval.objects.visible_to(user)
        .filter(
            state=ApprovalState.PENDING,
            expires_at__gt=timezone.now(),
            plan__promotion__target_organization__in=approvers_of.values("pk"),
        )
        .exclude(requested_by=user)
        .exclude(plan__promotion__created_by=user)
        .exclude(Exists(decided_in_it))
    )


def deciders(approval: Approval) -> list[User]:
    """Everybody who may decide on it now; who may not read the source would not find it."""
    promotion = approval.plan.promotion
    held = Membership.objects.filter(
        organization=promotion.target_organization,
        role__in=[role for role in Role if ROLE_RANK[role] >= ROLE_RANK[Role.APPROVER]],
    )
    takes_part = {
        approval.requested_by_id,
        promotion.created_by_id,
        *approval.plan.items.exclude(decided_by=None).order_by().values_list("decided_by", flat=True).distinct(),
    }
    readers = Membership.objects.filter(organization=promotion.source_organization)
    able = User.objects.filter(
        Q(is_superuser=True) | Q(pk__in=held.values("user_id")) & Q(pk__in=readers.values("user_id")), is_active=True
    )
    return list(able.exclude(pk__in=takes_part))

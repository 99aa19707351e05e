"""When something needs somebody else's consent, and whether it has it. The same for every face and for workers."""

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts import access
from accounts.choices import ROLE_RANK, Role
from accounts.models import Membership, User
from promotions.choices import OPEN_APPROVALS, ApprovalState, JobState, ProblemKind
from promotions.engine.registry import Ending
from promotions.models import Approval, Plan, PlanItem, Promotion, SharingRequest
from promotions.services import notices, subjects
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


def latest(subject: Plan | SharingRequest) -> Approval | None:
    """The last request for consent to it, whatever became of it; of a plan, to this revision."""
    return subject.approvals.select_related("requested_by", "decided_by", "organization").order_by("-pk").first()


def standing(subject: Plan | SharingRequest) -> Approval | None:
    """The request that waits or the consent that stands for it; times that have passed do not count."""
    open_ones = subject.approvals.filter(state__in=OPEN_APPROVALS, expires_at__gt=timezone.now())
    return open_ones.select_related("requested_by", "decided_by", "organization").first()


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
    approver, organization = approval.decided_by, approval.organization
    if approver is None or not access.has_role(approver, organization, Role.APPROVER):
        return [f"{approver or 'Whoever'} approved it, and is no approver of {organization} any more. Ask for another."]
    if approval.content_hash != subjects.content_hash(approval):
        return ["Its content is not what was approved. Plan again."]
    return []


def lost(plan: Plan) -> Ending | None:
    """How a run ends whose consent is missing or no longer holds, asked just before sending; None if it may be sent."""
    reasons = reasons_without_consent(plan)
    return not_held(reasons) if reasons else None


def not_held(reasons: list[str]) -> Ending:
    """How a write ends whose consent does not hold."""
    return Ending(
        state=JobState.CANCELLED,
        problem_kind=ProblemKind.NOT_APPROVED,
        problem=f"Nothing was sent: the approval does not hold. {' '.join(reasons)}",
    )


@transaction.atomic
def void(subject: Plan | SharingRequest, changes: list[str], *, actor: User | None) -> None:
    """End what was asked or agreed on a locked subject, because of what changed; call it before that reopens."""
    open_ones = subject.approvals.filter(state__in=OPEN_APPROVALS)
    for approval in open_ones.select_related("requested_by", "organization"):
        subjects.hold(approval, subject)
        approval.state, approval.ended_at, approval.void_changes = ApprovalState.VOID, timezone.now(), changes
        approval.save(update_fields=["state", "ended_at", "void_changes"])
        notices.approval_ended(approval)
        subjects.record(Verb.APPROVAL_VOIDED, approval, actor, changes=changes)


def reason_not_to_decide(approval: Approval, user: User) -> str:
    """Why this person may not decide on it, in a sentence; empty if they may.

    Consent is somebody else's: neither the requester's, nor of whoever took part in making what is agreed to.
    """
    if not access.has_role(user, approval.organization, Role.APPROVER):
        return f"This needs the role approver in {approval.organization}."
    if user.pk == approval.requested_by_id:
        return "You asked for this approval. Somebody else has to decide."
    return subjects.of(approval.subject).parties(approval.subject).get(user.pk, "")


def waiting_for(user: User) -> QuerySet[Approval]:
    """The requests on which this person may decide now: what `reason_not_to_decide` says of one, for all at once."""
    approvers_of = access.organizations_for_role(user, Role.APPROVER)
    decided_in_it = PlanItem.objects.filter(plan=OuterRef("plan"), decided_by=user)
    return (
        Approval.objects.visible_to(user)
        .filter(
            state=ApprovalState.PENDING,
            expires_at__gt=timezone.now(),
            organization__in=approvers_of.values("pk"),
        )
        .exclude(requested_by=user)
        .exclude(plan__promotion__created_by=user)
        .exclude(Exists(decided_in_it))
    )


def deciders(thing: Plan | SharingRequest, *, requested_by: User) -> list[User]:
    """Everybody who may decide on it now, if this person asks; who may not read all of it would not find it."""
    subject = subjects.of(thing)
    held = Membership.objects.filter(
        organization=subject.organization(thing),
        role__in=[role for role in Role if ROLE_RANK[role] >= ROLE_RANK[Role.APPROVER]],
    )
    able = Q(pk__in=held.values("user_id"))
    if (other := subject.other_readers(thing)) is not None:
        able &= Q(pk__in=Membership.objects.filter(organization=other).values("user_id"))
    takes_part = {requested_by.pk, *subject.parties(thing)}
    return list(User.objects.filter(Q(is_superuser=True) | able, is_active=True).exclude(pk__in=takes_part))

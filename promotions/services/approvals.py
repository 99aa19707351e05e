"""Asking for consent, giving or refusing it, and taking it back."""

from datetime import timedelta

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.access import require_role
from accounts.choices import Role
from accounts.models import User
from promotions.choices import OPEN_APPROVALS, ApprovalState
from promotions.models import Approval, Plan, SharingRequest
from promotions.services import consent, freezing, notices, plans, runs, subjects
from promotions.services.errors import ConflictError, NotReadyError, RefusedError
from promotions.services.ties import ties
from promotions.services.verbs import Verb


@transaction.atomic
def request_approval(*, plan: Plan, actor: User, note: str = "", runs_at_once: bool = False) -> Approval:
    """Freeze the plan and ask the approvers of its target.

    `runs_at_once` has the run start with the consent. Raises NotReadyError with every reason why the plan could not run
    even then, RefusedError if no approval is needed, ConflictError if one was asked for already.
    """
    plan = plans.locked(plan)
    promotion = plan.promotion
    require_role(actor, promotion.target_organization, Role.OPERATOR)
    rule = consent.binding_rule(promotion)
    if not rule:
        raise RefusedError(f"Importing into {promotion.target_sandbox.name} needs no approval. Run it.")
    if reasons := runs.reasons_not_ready(plan):
        raise NotReadyError(reasons)
    _end_late(plan)
    if (open_one := consent.standing(plan)) is not None:
        objections = consent.objections(open_one)
        if open_one.state == ApprovalState.PENDING or not objections:
            raise ConflictError(f"{open_one.requested_by} has asked for an approval of this plan already.")
        consent.void(plan, objections, actor=actor)
    freezing.freeze(plan, actor)
    return ask(
        subject=plan, content_hash=plan.content_hash, rule=rule, note=note, runs_at_once=runs_at_once, actor=actor
    )


@transaction.atomic
def ask(
    *,
    subject: Plan | SharingRequest,
    content_hash: str,
    rule: str,
    note: str,
    runs_at_once: bool,
    actor: User,
) -> Approval:
    """Put a locked subject before the approvers of its organization; call it last in a transaction."""
    approval = Approval(
        organization=subjects.of(subject).organization(subject),
        content_hash=content_hash,
        rule=rule,
        note=note.strip(),
        runs_at_once=runs_at_once,
        requested_by=actor,
        expires_at=timezone.now() + timedelta(hours=settings.APPROVAL_HOURS),
        plan=subject if isinstance(subject, Plan) else None,
        sharing=subject if isinstance(subject, SharingRequest) else None,
    )
    approval.save()
    notices.approval_wanted(approval, consent.deciders(subject, requested_by=actor))
    subjects.record(Verb.APPROVAL_REQUESTED, approval, actor, reason=approval.note)
    return approval


@transaction.atomic
def approve(*, approval: Approval, actor: User, reason: str = "", seen_hash: str = "") -> Approval:
    """Consent to it. `seen_hash` is the content hash that the person was shown, if known.

    Raises ConflictError if it was decided meanwhile or no longer stands, PermissionDenied for a person who may not,
    RefusedError where consent needs a reason and none is given.
    """
    subject = subjects.of(approval.subject)
    if subject.is_reason_needed and not reason.strip():
        raise RefusedError("Say why you approve it: the record, and the partner, are told.", field="reason")
    approval = _decided(approval, ApprovalState.APPROVED, actor, reason, seen_hash)
    # From consent to its use the same time again.
    approval.expires_at = timezone.now() + timedelta(hours=settings.APPROVAL_HOURS)
    approval.save(update_fields=["expires_at"])
    notices.approval_decided(approval)
    owed = ties(requester=approval.requested_by, approver=actor)
    subjects.record(Verb.APPROVAL_GIVEN, approval, actor, reason=approval.reason, **({"ties": owed} if owed else {}))
    subject.agreed(approval, approval.subject)
    return approval


@transaction.atomic
def reject(*, approval: Approval, actor: User, reason: str, seen_hash: str = "") -> Approval:
    """Refuse consent, with a reason. A plan opens again as a new revision, so that it can be mended."""
    if not reason.strip():
        raise RefusedError("Say why you reject it: whoever asked has to know what to change.", field="reason")
    approval = _decided(approval, ApprovalState.REJECTED, actor, reason, seen_hash)
    approval.ended_at = approval.decided_at
    approval.save(update_fields=["ended_at"])
    subjects.of(approval.subject).turned_down(approval.subject, [f"{actor} rejected it: {approval.reason}"])
    notices.approval_decided(approval)
    subjects.record(Verb.APPROVAL_REJECTED, approval, actor, reason=approval.reason)
    return approval


def _decided(approval: Approval, to: ApprovalState, actor: User, reason: str, seen_hash: str) -> Approval:
    """Take the decision if this person may and nobody was faster."""
    approval = subjects.lock(approval)
    require_role(actor, approval.organization, Role.APPROVER)
    if approval.state != ApprovalState.PENDING:
        raise ConflictError(_what_became_of(approval))
    if approval.is_late:
        raise ConflictError("The time for this approval is over. It has to be asked for again.")
    if objection := consent.reason_not_to_decide(approval, actor):
        raise PermissionDenied(objection)
    if seen_hash and seen_hash != approval.content_hash:
        raise ConflictError("This is not the revision you were shown. Reload the page and look again.")
    if to == ApprovalState.APPROVED and approval.content_hash != subjects.content_hash(approval):
        raise ConflictError("The content is not what the approval was asked for. It has to be asked for again.")
    approval.state, approval.decided_by, approval.decided_at = to, actor, timezone.now()
    approval.reason = reason.strip()
    approval.save(update_fields=["state", "decided_by", "decided_at", "reason"])
    return approval


def _what_became_of(approval: Approval) -> str:
    """For somebody who came too late."""
    words = {
        ApprovalState.APPROVED: f"{approval.decided_by} has approved it already.",
        ApprovalState.REJECTED: f"{approval.decided_by} has rejected it already: {approval.reason}",
        ApprovalState.WITHDRAWN: "The request was withdrawn.",
        ApprovalState.VOID: f"The request became void: {' '.join(approval.void_changes)}",
        ApprovalState.EXPIRED: "The time for this approval is over.",
    }
    return f"{words[ApprovalState(approval.state)]} Your decision was not taken."


@transaction.atomic
def withdraw(*, approval: Approval, actor: User, reason: str = "") -> Approval:
    """Take back a request, or a consent that was not used yet; a plan opens again as a new revision.

    For operators of the organization and for whoever decided. Raises ConflictError if it was put to use or ended.
    """
    approval = subjects.lock(approval)
    require_role(actor, approval.organization, Role.OPERATOR)
    if approval.state not in OPEN_APPROVALS:
        raise ConflictError(_what_became_of(approval))
    subject = subjects.of(approval.subject)
    if use := subject.use(approval.subject):
        raise ConflictError(f"{use} has used this approval. Cancel or stop it, if that is still possible.")
    approval.state, approval.ended_at = ApprovalState.WITHDRAWN, timezone.now()
    approval.void_changes = [f"{actor} withdrew it{f': {reason.strip()}' if reason.strip() else '.'}"]
    approval.save(update_fields=["state", "ended_at", "void_changes"])
    subject.turned_down(approval.subject, approval.void_changes)
    notices.approval_ended(approval)
    subjects.record(Verb.APPROVAL_WITHDRAWN, approval, actor, reason=reason)
    return approval


def expire_late() -> int:
    """End what nobody decided, or nobody used, in time; returns how many. The clock calls it."""
    late = Approval.objects.filter(state__in=OPEN_APPROVALS, expires_at__lte=timezone.now())
    late = late.filter(sharing__started_at=None)  # what was put to use at once stays for good
    number = 0
    for approval in late.select_related("plan", "sharing").order_by("pk"):
        with transaction.atomic():
            number += _expire(approval)
    return number


def _expire(approval: Approval) -> int:
    """End a late one and give its subject back, unless the consent was put to use."""
    approval = subjects.lock(approval)
    subject = subjects.of(approval.subject)
    if subject.use(approval.subject):
        return 0
    ended = _end_late(approval.subject)
    if ended:
        subject.turned_down(approval.subject, ["The time for its approval was over."])
    return ended


def _end_late(subject: Plan | SharingRequest) -> int:
    late = subject.approvals.filter(state__in=OPEN_APPROVALS, expires_at__lte=timezone.now())
    ended = list(late.select_related("requested_by", "decided_by", "organization"))
    for approval in ended:
        was = "Nobody decided" if approval.state == ApprovalState.PENDING else "Nobody ran it"
        subjects.hold(approval, subject)
        approval.state, approval.ended_at = ApprovalState.EXPIRED, timezone.now()
        approval.void_changes = [f"{was} in time."]
        approval.save(update_fields=["state", "ended_at", "void_changes"])
        notices.approval_ended(approval)
        subjects.record(Verb.APPROVAL_EXPIRED, approval, None)
    return len(ended)

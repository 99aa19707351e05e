"""How far each part of a sharing request is, step by step, with times and people: for every face."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.access import organizations_for_role
from accounts.choices import Role
from accounts.models import User
from promotions.choices import (
    UNFINISHED_LEGS,
    ApprovalState,
    JobState,
    LegState,
    PartnershipStatus,
    SharingKind,
)
from promotions.models import Approval, Job, Package, Partnership, SharingLeg, SharingRequest, Transfer
from promotions.services import arrivals

# Names of looks: what is behind, at hand, ahead, or where it ended.
DONE, NOW, WAITS, AHEAD, FAILED, STOPPED, UNSURE, UNKNOWN = (
    "done",
    "running",
    "waiting",
    "pending",
    "failed",
    "stopped",
    "needs_attention",
    "unknown",
)
_ENDED_APPROVALS: Mapping[str, tuple[str, str]] = {
    ApprovalState.REJECTED: ("Rejected here", FAILED),
    ApprovalState.WITHDRAWN: ("Withdrawn", STOPPED),
    ApprovalState.VOID: ("Approval void", STOPPED),
    ApprovalState.EXPIRED: ("Nobody decided in time", STOPPED),
}


@dataclass(frozen=True)
class Step:
    """One thing that happens, has happened or will happen."""

    name: str
    state: str
    text: str = ""
    at: datetime | None = None
    who: str = ""
    quote: str = ""
    job: Job | None = None
    messages: Sequence[str] = ()
    """What the platform tells of its own steps."""

    @property
    def is_current(self) -> bool:
        return self.state in (NOW, WAITS, UNSURE)

    @property
    def is_ahead(self) -> bool:
        return self.state == AHEAD


@dataclass(frozen=True)
class Leg:
    """What a page shows of one partner, or of one package that is pulled."""

    leg: SharingLeg
    steps: Sequence[Step]
    arrived: Package | None = None
    """The package at its target, where the reader may see it."""
    may_plan: bool = False
    """Whether the reader may plan its import."""
    failed: Transfer | None = None
    """What can be sent again."""
    age: timedelta | None = None
    """How long the part that is under way has taken."""

    @property
    def current(self) -> Step | None:
        return next((step for step in self.steps if step.is_current), None)

    @property
    def unsure_job(self) -> Job | None:
        return next((step.job for step in self.steps if step.state == UNSURE), None)


@dataclass(frozen=True)
class _Progress:
    """Everything about one leg that its steps are told from."""

    request: SharingRequest
    leg: SharingLeg
    approval: Approval | None
    held: Partnership | None
    """The approved partnership that there is already, before anything of the leg has begun."""
    arrival: Transfer | None = None

    @property
    def partner(self) -> str:
        """As the leg names it, or the partnership it rests on."""
        named = self.leg.partnership or self.held
        return self.leg.partner_name or (named.partner if named is not None else self.leg.partner_id)

    @property
    def is_agreed(self) -> bool:
        return self.approval is not None and self.approval.state == ApprovalState.APPROVED


def legs_of(request: SharingRequest, approval: Approval | None, reader: User) -> list[Leg]:
    """The legs with their steps, in a fixed number of queries."""
    legs = list(request.legs.select_related("asking_job", "sending_job", "partnership", "transfer__package"))
    held = _partnerships(request, legs)
    arrivals = _arrivals(legs, reader)
    operated = set(organizations_for_role(reader, Role.OPERATOR).values_list("pk", flat=True))
    shown = []
    for leg in legs:
        arrival = leg.transfer if leg.transfer is not None and leg.transfer.is_incoming else None
        if leg.transfer is not None and arrival is None:
            arrival = arrivals.get(leg.transfer.remote_id)
        met = leg.partnership or held.get(leg.partner_id)
        leg.partner_name = leg.partner_name or (met.partner_name if met is not None else "")
        progress = _Progress(request, leg, approval, held.get(leg.partner_id), arrival)
        is_failed = leg.transfer is not None and leg.transfer.is_failed and request.kind == SharingKind.SHARE
        arrived = arrival.package if arrival is not None and arrival.has_arrived else None
        shown.append(
            Leg(
                leg,
                steps_of(progress),
                arrived=arrived,
                may_plan=arrived is not None and arrived.is_importable and arrived.organization_id in operated,
                failed=leg.transfer if is_failed else None,
                age=_age(leg),
            )
        )
    return shown


def _partnerships(request: SharingRequest, legs: Sequence[SharingLeg]) -> dict[str, Partnership]:
    """Approved ones, by the partner's id."""
    found = Partnership.objects.filter(
        organization=request.organization_id, partner_id__in={leg.partner_id for leg in legs}, vanished_at=None
    )
    return {one.partner_id: one for one in found.order_by("remote_created_at", "pk") if one.is_approved}


def _arrivals(legs: Sequence[SharingLeg], reader: User) -> dict[str, Transfer]:
    """The partner's own view of what was sent, where the partner lives here and the reader may look."""
    wanted = {leg.transfer.remote_id for leg in legs if leg.transfer is not None and not leg.transfer.is_incoming}
    found = Transfer.objects.visible_to(reader).filter(remote_id__in=wanted, direction="incoming")
    return {one.remote_id: one for one in found.select_related("package", "organization")}


def _age(leg: SharingLeg) -> timedelta | None:
    return max(timedelta(0), timezone.now() - leg.changed_at) if leg.state in UNFINISHED_LEGS else None


def steps_of(progress: _Progress) -> list[Step]:
    """What is over as it was, what is under way as it stands, what comes as it is meant to come."""
    steps = [_asked(progress.request), _consent(progress)]
    kind = SharingKind(progress.request.kind)
    if kind in (SharingKind.PARTNERSHIP, SharingKind.SHARE):
        steps += _partnership(progress)
    if kind != SharingKind.PARTNERSHIP:
        steps.append(_sending(progress, kind))
    if kind in (SharingKind.SHARE, SharingKind.PULL):
        steps.append(_arrival(progress))
    return _ended(steps, progress)


def _ended(steps: list[Step], progress: _Progress) -> list[Step]:
    """Where a leg was stopped or given up, the first step that is not behind says so."""
    if progress.leg.state != LegState.STOPPED or any(step.state in (FAILED, STOPPED) for step in steps):
        return steps
    at = next((number for number, step in enumerate(steps) if step.state != DONE), None)
    if at is None:
        return steps
    was = steps[at]
    steps[at] = Step(was.name, STOPPED, progress.leg.problem or "Stopped.", progress.leg.changed_at, job=was.job)
    return [*steps[: at + 1], *(step for step in steps[at + 1 :] if step.state != AHEAD)]


def _asked(request: SharingRequest) -> Step:
    return Step("Requested", DONE, at=request.created_at, who=str(request.created_by), quote=request.note)


def _consent(progress: _Progress) -> Step:
    approval, leg = progress.approval, progress.leg
    if approval is None:
        return Step("Approved here", AHEAD)
    if approval.state == ApprovalState.APPROVED:
        return Step(
            "Approved here", DONE, at=approval.decided_at, who=str(approval.decided_by or ""), quote=approval.reason
        )
    if approval.is_pending:
        return Step("Approved here", WAITS, f"Waits for an approver of {approval.organization}.")
    name, state = _ENDED_APPROVALS.get(approval.state, ("Nobody decided in time", STOPPED))
    return Step(
        name,
        state,
        "" if approval.reason else " ".join(approval.void_changes),
        approval.decided_at or approval.ended_at or leg.changed_at,
        str(approval.decided_by or ""),
        quote=approval.reason,
    )


def _partnership(progress: _Progress) -> list[Step]:
    """One step where the two are partners already, else the asking and the partner's decision."""
    leg = progress.leg
    partnership = leg.partnership
    if leg.asking_job is None and leg.state in (LegState.WAITING, LegState.SENDING, LegState.DONE, LegState.FAILED):
        before = partnership if partnership is not None and partnership.is_approved else progress.held
        if before is not None and (leg.state != LegState.DONE or leg.sending_job_id is not None):
            decided = decision_of(before)
            return [Step("Partners already", DONE, at=decided.at or before.remote_modified_at)]
    return [_asking(progress), _deciding(progress)]


def _asking(progress: _Progress) -> Step:
    leg, name = progress.leg, "Partnership asked"
    job, partnership = leg.asking_job, leg.partnership
    if job is None:
        if partnership is not None:
            return Step(name, DONE, "Asked before this request.", partnership.remote_created_at)
        return Step(name, AHEAD, leg.problem if progress.is_agreed else "")
    if partnership is not None and leg.state != LegState.FAILED:
        return Step(name, DONE, at=partnership.remote_created_at, job=job)
    return _of_job(name, job, leg)


def _deciding(progress: _Progress) -> Step:
    leg, partnership = progress.leg, progress.leg.partnership
    name = f"Approved by {progress.partner}"
    if partnership is None:
        return Step(name, AHEAD)
    decided = decision_of(partnership)
    if leg.state == LegState.REFUSED or partnership.is_rejected:
        return Step(f"Rejected by {progress.partner}", FAILED, at=decided.at, who=decided.by, quote=decided.reason)
    if partnership.is_approved:
        return Step(name, DONE, at=decided.at, who=decided.by, quote=decided.reason)
    if leg.state == LegState.WAITING_PARTNER:
        return Step(name, WAITS, f"{progress.partner} decides; the platform sets no time for it.")
    return Step(name, AHEAD)


def _sending(progress: _Progress, kind: SharingKind) -> Step:
    leg, job = progress.leg, progress.leg.sending_job
    name = {SharingKind.SHARE: "Sent", SharingKind.PULL: "Asked for", SharingKind.PUBLICITY: "Made public"}[kind]
    if job is None:
        return Step(name, AHEAD, leg.problem if progress.is_agreed else "")
    if kind == SharingKind.PUBLICITY:
        return _of_job(name, job, leg)
    if leg.transfer is not None:
        return Step(name, DONE, at=leg.transfer.remote_created_at, job=job)
    if job.remote_id and job.state == JobState.RUNNING:
        return Step(name, DONE, at=job.started_at, job=job)
    return _of_job(name, job, leg)


def _arrival(progress: _Progress) -> Step:
    """The platform's word that it is over is one thing, the package among the target's own another."""
    leg, job, transfer = progress.leg, progress.leg.sending_job, progress.leg.transfer
    arrival = progress.arrival
    messages = tuple(str(message) for message in transfer.steps) if transfer is not None else ()
    if arrival is not None and arrival.has_arrived:
        return Step("Arrived", DONE, f"In {arrival.organization}.", arrival.completed_at, messages=messages)
    if transfer is not None and transfer.is_failed:
        words = leg.problem or (job.problem if job is not None else "")
        return Step("On its way", FAILED, words, transfer.completed_at or transfer.over_seen_at, messages=messages)
    if transfer is not None and transfer.is_completed:
        at = transfer.completed_at or transfer.over_seen_at
        if arrival is None:
            words = f"The platform says that it is complete. Only {progress.partner} sees the package itself."
            return Step("Completed", DONE, words, at, messages=messages)
        state = NOW if not arrival.is_completed or arrivals.is_looked_for(arrival) else UNKNOWN
        return Step("Arrived", state, arrivals.words(arrival), at, messages=messages)
    if job is None or (transfer is None and not job.remote_id):
        return Step("Arrived", AHEAD)
    if job.state == JobState.NEEDS_ATTENTION:
        return Step("On its way", UNSURE, job.problem, job=job, messages=messages)
    if leg.state == LegState.FAILED:
        return Step("On its way", FAILED, leg.problem or job.problem, job.finished_at, job=job, messages=messages)
    words = "The platform gives no time; a transfer may take a day."
    return Step("On its way", NOW, words, messages=messages)


def _of_job(name: str, job: Job, leg: SharingLeg) -> Step:
    if job.state == JobState.NEEDS_ATTENTION:
        return Step(name, UNSURE, job.problem, job=job)
    if leg.state == LegState.STOPPED:
        return Step(name, STOPPED, leg.problem or "Stopped.", leg.changed_at, job=job)
    if job.is_live:
        return Step(name, NOW, job.progress_text or "", job=job)
    if leg.state == LegState.FAILED or job.state in (JobState.FAILED, JobState.CANCELLED):
        return Step(name, FAILED, leg.problem or job.problem, job.finished_at, job=job)
    return Step(name, DONE, at=job.finished_at, job=job)


@dataclass(frozen=True)
class Decision:
    """What the partner's history tells of its end."""

    at: datetime | None = None
    by: str = ""
    reason: str = ""


def decision_of(partnership: Partnership) -> Decision:
    """Who approved or rejected it, when and why, as far as its history says."""
    ends = (PartnershipStatus.APPROVED, PartnershipStatus.REJECTED)
    for entry in reversed(partnership.history):
        if str(entry.get("action") or "").upper() in ends:
            at = parse_datetime(str(entry.get("at") or ""))
            return Decision(at, str(entry.get("by") or ""), str(entry.get("reason") or ""))
    return Decision()


def why_asked(partnership: Partnership) -> list[SharingLeg]:
    """What people of an organization of this installation asked for, that led to an incoming partnership.

    Both sides live here, so that the note is meant for those who decide on it.
    """
    of_it = Q(partnership__remote_id=partnership.remote_id) | Q(partnership=None, state__in=UNFINISHED_LEGS)
    legs = SharingLeg.objects.filter(
        of_it,
        request__started_at__isnull=False,
        request__organization__remote_id=partnership.partner_id,
        request__organization__deleted_at=None,
        request__kind__in=(SharingKind.PARTNERSHIP, SharingKind.SHARE),
        partner_id=partnership.organization.remote_id,
    )
    return list(legs.select_related("request__package", "request__created_by").order_by("-request__created_at")[:3])

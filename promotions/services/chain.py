"""What follows from the consent to a sharing request, step by step: partnership, the partner's decision, transfer.

Every step is a row and every wait is a state, so the chain stands whatever process ends. It goes on when a consent is
given, when a job of it ends, when a partnership is seen to have changed, and by the clock, which misses nothing.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Upper
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.services import notices
from promotions.choices import (
    GOOD_ENDS,
    PENDING_PARTNERSHIPS,
    UNFINISHED,
    UNFINISHED_LEGS,
    UNFINISHED_SHARINGS,
    Direction,
    LegState,
    PartnershipStatus,
    SharingKind,
    SharingState,
)
from promotions.engine.registry import Ending
from promotions.models import Job, Partnership, SharingLeg, SharingRequest, Transfer
from promotions.services import jobs
from promotions.services.errors import ConflictError
from promotions.systems.sharing import kinds

log = logging.getLogger(__name__)

SHARING_ENDED = "sharing_ended"
JOB_KINDS = (kinds.ASK, kinds.TRANSFER, kinds.PUBLICITY, kinds.PULL)
_LINKS = ("partnership", "transfer", "asking_job", "sending_job")
_SENDING_KINDS = {
    SharingKind.SHARE: kinds.TRANSFER,
    SharingKind.PUBLICITY: kinds.PUBLICITY,
    SharingKind.PULL: kinds.PULL,
}


def locked(request: SharingRequest) -> SharingRequest:
    return (
        SharingRequest.objects.select_for_update(of=("self",))
        .select_related("organization", "package", "created_by")
        .get(pk=request.pk)
    )


def start(request: SharingRequest) -> None:
    """Put the consent to use; the request is locked, and in the transaction of the consent."""
    request.state, request.started_at = SharingState.UNDER_WAY, timezone.now()
    request.save(update_fields=["state", "started_at"])
    _advance(request)


def turn_down(request: SharingRequest, changes: Sequence[str]) -> None:
    """Nobody agreed, or not any more: a locked request ends before anything was sent."""
    if request.state == SharingState.WAITING:
        request.legs.filter(state=LegState.WAITING).update(state=LegState.STOPPED, changed_at=timezone.now())
        _end(request, SharingState.TURNED_DOWN, " ".join(changes))


@transaction.atomic
def advance(request: SharingRequest) -> None:
    """Take every step that can be taken now."""
    request = locked(request)
    if request.state == SharingState.UNDER_WAY:
        _advance(request)


def advance_all() -> None:
    """What the clock does: nothing that was missed elsewhere stays undone."""
    due = SharingRequest.objects.filter(
        Exists(_movable().filter(request=OuterRef("pk")))
        | ~Exists(SharingLeg.objects.filter(request=OuterRef("pk"), state__in=UNFINISHED_LEGS)),
        state=SharingState.UNDER_WAY,
    )
    for request in list(due.only("pk").order_by("pk")):
        try:
            advance(request)
        except Exception:  # whatever it is: the others wait for something else
            log.exception("sharing request %s could not go on", request.pk)


def _movable() -> QuerySet[SharingLeg]:
    """The legs for which there is something to do; most wait for a partner, and are not even read."""
    over = Job.objects.exclude(state__in=UNFINISHED)
    told = Partnership.objects.annotate(word=Upper("status"))
    approved = told.filter(
        word=PartnershipStatus.APPROVED,
        organization=OuterRef("request__organization"),
        partner_id=OuterRef("partner_id"),
        vanished_at=None,
    )
    asked = told.filter(pk=OuterRef("partnership"))
    return SharingLeg.objects.filter(
        Q(state=LegState.WAITING)
        | Q(Exists(over.filter(pk=OuterRef("asking_job"))), state=LegState.ASKING)
        | Q(Exists(over.filter(pk=OuterRef("sending_job"))), state=LegState.SENDING)
        | Q(
            Exists(approved)
            | Exists(asked.filter(vanished_at__isnull=False))
            | Exists(asked.exclude(word__in=PENDING_PARTNERSHIPS)),
            state=LegState.WAITING_PARTNER,
        )
    )


def job_ended(job: Job, ending: Ending, by: User | None) -> None:
    """A job of a leg is over, or waits for a person."""
    if job.kind in JOB_KINDS and job.state not in UNFINISHED:
        _advance_those(Q(asking_job=job) | Q(sending_job=job))


def partnership_changed(partnership: Partnership) -> None:
    """A partnership was seen to have another status than before."""
    _advance_those(
        Q(
            request__organization=partnership.organization_id,
            partner_id=partnership.partner_id,
            state__in=(LegState.WAITING, LegState.WAITING_PARTNER),
        )
    )


def transfer_changed(transfer: Transfer) -> None:
    """A transfer was seen anew: its leg names it."""
    sending = Job.objects.filter(organization=transfer.organization_id, remote_id=transfer.remote_id)
    legs = SharingLeg.objects.filter(sending_job__in=sending, transfer=None)
    for leg in legs.select_related("request"):
        SharingLeg.objects.filter(pk=leg.pk).update(transfer=transfer)
        if leg.request.again_of_id and transfer.again_of_id is None:
            Transfer.objects.filter(pk=transfer.pk).update(again_of=leg.request.again_of_id)


def _advance_those(legs: Q) -> None:
    """Within a transaction that has locked a job or a partnership: whoever has the request may be waiting for that.

    So a request that somebody else has is not waited for, but gone on with after the commit; failing that, the clock
    does it.
    """
    found = SharingRequest.objects.filter(
        pk__in=SharingLeg.objects.filter(legs).values("request_id"), state=SharingState.UNDER_WAY
    )
    for request in found.order_by("pk"):
        try:
            with transaction.atomic():
                if SharingRequest.objects.select_for_update(skip_locked=True).filter(pk=request.pk).first() is None:
                    transaction.on_commit(partial(advance, request), robust=True)
                else:
                    advance(request)
        except Exception:  # a job must end, and a partnership be stored, whatever becomes of what waits for it
            log.exception("sharing request %s could not go on; the clock tries again", request.pk)


def _advance(request: SharingRequest) -> None:
    for leg in request.legs.select_related("asking_job", "sending_job", "partnership"):
        leg.request = request
        while leg.state in UNFINISHED_LEGS and _STEPS[LegState(leg.state)](leg):
            pass
    conclude(request)


def hold_back(request: SharingRequest, problem: str) -> bool:
    """Have a locked request send nothing that was not sent; True if there was something to hold."""
    legs = request.legs.filter(state__in=(LegState.WAITING, LegState.ASKING, LegState.WAITING_PARTNER))
    if not legs.update(state=LegState.STOPPED, problem=problem, changed_at=timezone.now()):
        return False
    conclude(request)
    tell(request, [request.created_by], f"{request.title}: held back", problem, key=f"sharing:{request.pk}:held")
    return True


def conclude(request: SharingRequest) -> None:
    """End a locked request when all of its legs are over."""
    legs = list(request.legs.all())
    states = {LegState(leg.state) for leg in legs}
    if states & set(UNFINISHED_LEGS) or request.state not in UNFINISHED_SHARINGS:
        return
    if states == {LegState.DONE}:
        to = SharingState.DONE
    elif LegState.DONE in states:
        to = SharingState.PARTLY_DONE
    elif LegState.STOPPED in states:
        to = SharingState.STOPPED
    else:
        to = SharingState.FAILED
    problems = [f"{leg.partner}: {leg.problem}" if len(legs) > 1 else leg.problem for leg in legs if leg.problem]
    _end(request, to, " ".join(problems))


def _end(request: SharingRequest, to: SharingState, problem: str) -> None:
    request.state, request.problem, request.ended_at = to, problem, timezone.now()
    request.save(update_fields=["state", "problem", "ended_at"])
    if to in (SharingState.TURNED_DOWN, SharingState.STOPPED):
        return  # whoever decided so has people told in their own words
    tell(
        request,
        [request.created_by],
        f"{request.title}: {to.label.lower()}",
        problem,
        key=f"sharing:{request.pk}:ended",
    )


def tell(request: SharingRequest, people: Iterable[User], text: str, detail: str, *, key: str) -> None:
    """Have these people know of it, once."""
    notices.notify(
        kind=SHARING_ENDED,
        people=people,
        text=text,
        detail=detail,
        url=page(request),
        key=key,
        organization=request.organization,
    )


def page(request: SharingRequest) -> str:
    return reverse("promotions:sharing-detail", args=[request.pk])


# Steps: each acts on one leg of a locked request, and says whether the next state may have something to do at once.


def _begin(leg: SharingLeg) -> bool:
    """The consent is there: find out what comes first."""
    kind = SharingKind(leg.request.kind)
    if kind in (SharingKind.PUBLICITY, SharingKind.PULL):
        return _send(leg)
    found = partnership_with(leg)
    if found is not None and found.is_approved:
        leg.partnership = found
        return _move(leg, LegState.DONE) if kind == SharingKind.PARTNERSHIP else _send(leg)
    if found is not None and found.is_pending:
        leg.partnership = found
        return _move(leg, LegState.WAITING_PARTNER)
    return _queue(leg, kinds.ASK, f"partner:{leg.request.organization_id}:{leg.partner_id}", LegState.ASKING)


def _asked(leg: SharingLeg) -> bool:
    job = leg.asking_job
    if job is None or job.state in UNFINISHED:
        return False
    found = partnership_with(leg)
    if found is not None and (found.is_pending or found.is_approved or job.state in GOOD_ENDS):
        leg.partnership = found  # a partner that answers by itself may have decided by now
        return _move(leg, LegState.WAITING_PARTNER)
    if job.state in GOOD_ENDS:
        return False  # the platform took it and does not list it yet: a synchronization will bring it
    return _move(leg, LegState.FAILED, job.problem)


def _decided(leg: SharingLeg) -> bool:
    """Waiting for the partner: go on when they approve, end when they reject."""
    before, found = leg.partnership, partnership_with(leg)
    if found is None:
        if before is None or before.vanished_at is None:
            return False
        return _move(
            leg, LegState.FAILED, f"The platform no longer lists the request of a partnership with {leg.partner}."
        )
    leg.partnership = found
    if found.is_approved:
        is_all = leg.request.kind == SharingKind.PARTNERSHIP
        return _move(leg, LegState.DONE) if is_all else _send(leg)
    if found.is_rejected:
        words = f": {_reason(found)}" if _reason(found) else "."
        who = (
            f"{leg.request.organization} rejected what {found.partner} asked for"
            if found.is_incoming
            else (f"{found.partner} rejected the partnership")
        )
        return _move(leg, LegState.REFUSED, f"{who}{words}")
    if before is None or found.pk != before.pk:
        leg.save(update_fields=["partnership"])
    return False


def _sent(leg: SharingLeg) -> bool:
    job = leg.sending_job
    if job is None or job.state in UNFINISHED:
        return False
    if leg.transfer is None and job.remote_id:
        leg.transfer = Transfer.objects.filter(organization=job.organization_id, remote_id=job.remote_id).first()
    return _move(leg, LegState.DONE) if job.state in GOOD_ENDS else _move(leg, LegState.FAILED, job.problem)


_STEPS: dict[LegState, Callable[[SharingLeg], bool]] = {
    LegState.WAITING: _begin,
    LegState.ASKING: _asked,
    LegState.WAITING_PARTNER: _decided,
    LegState.SENDING: _sent,
}


def _send(leg: SharingLeg) -> bool:
    request = leg.request
    kind = _SENDING_KINDS[SharingKind(request.kind)]
    scope = {
        kinds.TRANSFER: f"transfer:{request.package_id}:{leg.partner_id}",
        kinds.PUBLICITY: jobs.scope_of(request.package) if request.package else "",
        kinds.PULL: f"pull:{request.organization_id}:{leg.package_remote_id}",
    }[kind]
    return _queue(leg, kind, scope, LegState.SENDING)


def _queue(leg: SharingLeg, kind: str, scope: str, to: LegState) -> bool:
    request = leg.request
    params = {"partner_id": leg.partner_id}
    if kind == kinds.PULL:
        params = {"source_id": leg.partner_id, "package_id": leg.package_remote_id}
    try:
        job = jobs.queue(
            kind=kind,
            title=_job_title(leg, kind),
            organization=request.organization,
            actor=request.created_by,
            package=request.package,
            scope=scope,
            params=params,
        )
    except ConflictError as conflict:
        # Another write holds its place; the clock tries again when that is over.
        if leg.problem != str(conflict):
            leg.problem = str(conflict)
            leg.save(update_fields=["problem"])
        return False
    if kind == kinds.ASK:
        leg.asking_job = job
    else:
        leg.sending_job = job
    return _move(leg, to)


def _job_title(leg: SharingLeg, kind: str) -> str:
    named = str(leg.request.facts.get("package", {}).get("name", ""))
    return {
        kinds.ASK: leg.partner,
        kinds.TRANSFER: f"{named} → {leg.partner}",
        kinds.PUBLICITY: named,
        kinds.PULL: f"{leg.package_remote_id} from {leg.partner}",
    }[kind]


def _move(leg: SharingLeg, to: LegState, problem: str = "") -> bool:
    leg.state, leg.problem, leg.changed_at = to, problem, timezone.now()
    if leg.partnership is not None and leg.partnership.partner_name and not leg.partner_name:
        leg.partner_name = leg.partnership.partner_name
    # What is read of partnerships and transfers is noted on legs that nobody has locked: nothing is taken back.
    links = [name for name in _LINKS if getattr(leg, f"{name}_id") is not None]
    leg.save(update_fields=["state", "problem", "changed_at", "partner_name", *links])
    return True


def partnership_with(leg: SharingLeg) -> Partnership | None:
    """The partnership that counts: an approved one in either direction, else our own latest request, else theirs."""
    # The one that was made for it counts also where the platform does not say with whom it is.
    held = Partnership.objects.filter(
        Q(partner_id=leg.partner_id) | Q(pk=leg.partnership_id),
        organization=leg.request.organization_id,
        vanished_at=None,
    )
    found = list(held.order_by("-remote_created_at", "-pk"))
    approved = [one for one in found if one.is_approved]
    pending = [one for one in found if one.is_pending]
    ours = [one for one in pending if one.direction == Direction.OUTGOING]
    latest = [one for one in found if leg.partnership_id == one.pk]  # rejected, if it is the one that was asked for
    return next(iter([*approved, *ours, *pending, *latest]), None)


def _reason(partnership: Partnership) -> str:
    reasons = [str(entry.get("reason") or "") for entry in partnership.history]
    return next((reason for reason in reversed(reasons) if reason), "")

"""What a restored database must not go on with: writes and consents that may have been used after the backup."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from accounts.services import audit
from operations.verbs import Verb
from promotions.choices import ACTIVE, OPEN_APPROVALS, JobState, ProblemKind, SharingState
from promotions.engine import claims, registry
from promotions.engine.endings import end
from promotions.engine.registry import Ending
from promotions.models import Approval, Job, SharingRequest
from promotions.services import chain, consent, sharing_audit, subjects


@dataclass(frozen=True)
class Held:
    """How many of each were touched."""

    jobs: int
    followed: int
    approvals: int
    sharings: int


def hold_back(made_at: str) -> Held:
    """Hand every write that may have been sent since to a person, and have consents asked for again.

    What the platform is known to have is followed on; what only reads begins again.
    """
    jobs = [_hold_job(job, made_at) for job in Job.objects.filter(state__in=(JobState.QUEUED, JobState.SUBMITTING))]
    open_ones = Approval.objects.filter(state__in=OPEN_APPROVALS).select_related("plan", "sharing")
    approvals = [_void(approval, made_at) for approval in open_ones.order_by("pk")]
    under_way = SharingRequest.objects.filter(state=SharingState.UNDER_WAY).order_by("pk")
    sharings = [_hold_sharing(request, made_at) for request in under_way]
    # A claim of the time of the backup means nothing, and a write is never in this list any more.
    rest = Job.objects.filter(state__in=ACTIVE)
    followed = rest.filter(state=JobState.RUNNING).exclude(remote_id="").count()
    rest.update(due_at=timezone.now(), lease_token="")
    return Held(sum(jobs), followed, sum(approvals), sum(sharings))


def _hold_job(job: Job, made_at: str) -> bool:
    if job.is_foreign or not registry.is_submission(job.kind):
        return False
    sentence = (
        f"The installation was restored from a backup of {made_at}. Whether this was sent after the backup is not "
        "known here, so it is not sent. Look for it at the platform: name the remote job if it is there, have it sent "
        "if it is not, or close it."
    )
    with transaction.atomic():
        # From here on it counts as sent: having it sent again then begins with a search for its mark.
        Job.objects.filter(pk=job.pk).update(
            lease_token=claims.new_token(),
            started_at=Coalesce(F("started_at"), F("created_at")),
            submit_at=Coalesce(F("submit_at"), F("created_at")),
            submit_count=Greatest(F("submit_count"), 1),
        )
        job.refresh_from_db()
        end(
            job,
            Ending(state=JobState.NEEDS_ATTENTION, problem_kind=ProblemKind.OUTCOME_UNKNOWN, problem=sentence),
        )
        audit.record(Verb.JOB_HELD, actor=None, subject=job, reason=sentence, details={"marker": job.marker})
    return True


def _hold_sharing(request: SharingRequest, made_at: str) -> bool:
    """What it has not sent yet may have been sent since, or stopped; what the platform has is followed on."""
    sentence = (
        f"The installation was restored from a backup of {made_at}. Whether this was sent or stopped after the backup "
        "is not known here, so it does not go on. Synchronize, look at the partners and transfers, and ask for it "
        "again if it is not there."
    )
    with transaction.atomic():
        request = chain.locked(request)
        if not chain.hold_back(request, sentence):
            return False
        sharing_audit.record(
            Verb.SHARING_HELD,
            actor=None,
            subject=request,
            organization=request.organization,
            partner_ids=[leg.partner_id for leg in request.legs.all()],
            reason=sentence,
        )
    return True


def _void(approval: Approval, made_at: str) -> bool:
    """A consent that may have been used, or taken back, since; what it was about waits for another."""
    with transaction.atomic():
        thing = subjects.lock(approval).subject
        subject = subjects.of(thing)
        if subject.use(thing):
            return False
        changes = [f"The installation was restored from a backup of {made_at}; what was decided since is lost."]
        consent.void(thing, changes, actor=None)
        subject.turned_down(thing, changes)
    return True

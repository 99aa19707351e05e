"""Approving or rejecting what another organization asked of ours; the partnership itself tells what became of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from accounts import access
from accounts.choices import Role
from accounts.models import Organization
from clients.sandbox_sharing import RemotePartnership
from promotions.choices import (
    DECIDED_PARTNERSHIPS,
    Direction,
    JobState,
    PartnershipStatus,
    ProblemKind,
    status_in_sentence,
)
from promotions.engine.registry import Ending, LookUp, Report, Snapshot, Submitted
from promotions.models import Job, Partnership
from promotions.services import partnerships
from promotions.services.verbs import Verb
from promotions.systems.sharing import kinds
from promotions.systems.sharing.asking import is_pending, read_partnerships
from promotions.systems.sharing.connection import sharing
from promotions.systems.sharing.submission import SharingSubmission
from promotions.systems.submission import nothing_sent


class DecideSubmission(SharingSubmission):
    """Has no remote id of its own: the partnership's may be named by several jobs, and is no job's alone."""

    kind = kinds.DECIDE
    label = "Decide on a partnership"
    phrase = "Decision on the partnership with"
    noun = "partnership"
    act = "deciding on the partnership with"

    def partner_ids(self, job: Job) -> list[str]:
        return [_partnership(job).partner_id]

    def accepted_verb(self, job: Job) -> Verb:
        return Verb.APPROVAL_SENT if job.params["is_approved"] else Verb.REJECTION_SENT

    def whereof(self, job: Job) -> str:
        return _partnership(job).partner

    def recheck(self, job: Job, report: Report) -> Ending | None:
        person, partnership = job.requested_by, _partnership(job)
        if person is not None and not access.has_role(person, job.organization, Role.APPROVER):
            return nothing_sent(f"{person} decided, and is no approver of {job.organization} any more.")
        if not _region(job.organization):
            return nothing_sent(
                f"The platform wants the region of {job.organization} along with the decision, and it is not known "
                "here. An admin of the organization can enter it under Settings; synchronizing the sandboxes may bring "
                "it, too."
            )
        report("Reading the incoming partnerships")
        row = self._row(job)
        if row is None:
            return nothing_sent(f"The platform no longer lists the request of {partnership.partner}.")
        if not is_pending(row):
            return (
                None if job.submit_count else nothing_sent(f"{_became(row, partnership)} Your decision was not sent.")
            )
        if not (row.linking_id or partnership.linking_id):
            return nothing_sent(
                f"The platform gives no linking id for the request of {partnership.partner}, and nobody can decide "
                "without it. Decide in the platform’s own pages, under Sandboxes, Partner orgs."
            )
        return None

    def submit(self, job: Job, report: Report) -> Submitted:
        partnership = _partnership(job)
        with sharing(job.organization) as client:
            remote = client.decide_partnership(
                partnership.linking_id,
                is_approved=job.params["is_approved"],
                reason=job.params["reason"],
                name=job.organization.name,
                region=_region(job.organization),
            )
        return Submitted("", remote.raw)

    def wanted(self, job: Job) -> str:
        return "the decision in the partnership itself"

    def look_up(self, job: Job, report: Report) -> LookUp:
        report("Looking at the partnership")
        row = self._row(job)
        return LookUp([""] if row is not None and not is_pending(row) else [], is_complete=row is not None)

    def list_statuses(self, jobs: Sequence[Job]) -> Mapping[int, str]:
        """None: each is read once or twice."""
        return {}

    def read(self, job: Job) -> Snapshot:
        row = self._row(job)
        if row is None:
            return Snapshot(status=job.remote_status, is_over=False, done=0, total=1, raw=job.raw)
        is_over = row.status in DECIDED_PARTNERSHIPS
        return Snapshot(status=row.status[:64], is_over=is_over, done=int(is_over), total=1, raw=row.raw, detail=row)

    def record(self, job: Job, snapshot: Snapshot) -> None:
        if snapshot.detail is not None:
            partnerships.apply(job.organization, [snapshot.detail], direction=Direction.INCOMING)

    def conclude(self, job: Job) -> Ending:
        wished = PartnershipStatus.APPROVED if job.params["is_approved"] else PartnershipStatus.REJECTED
        result = {"status": job.remote_status}
        if job.remote_status == wished:
            return Ending(state=JobState.SUCCEEDED, result=result)
        partnership = _partnership(job)
        history = partnership.history[-1] if partnership.history else {}
        return Ending(
            state=JobState.FAILED,
            problem_kind=ProblemKind.REMOTE_FAILURE,
            problem=f"{_became_words(job.remote_status, partnership, history)} It was meant to be "
            f"{wished.label.lower()}, and a decision cannot be changed.",
            result=result,
        )

    def describe(self, job: Job) -> str:
        status = job.result.get("status", "")
        return f"The partnership is {status_in_sentence(PartnershipStatus, status)}." if status else ""

    def _row(self, job: Job) -> RemotePartnership | None:
        """The partnership as the platform lists it now."""
        wanted = _partnership(job).remote_id
        rows = read_partnerships(job, Direction.INCOMING).rows
        return next((row for row in rows if row.id == wanted), None)


def _partnership(job: Job) -> Partnership:
    return Partnership.objects.select_related("organization").get(pk=job.params["partnership"])


def _region(organization: Organization) -> str:
    """Where our data live, in small letters, as this call wants it; the sandboxes know if the organization does not."""
    if organization.region.strip():
        return organization.region.strip().lower()
    known = organization.sandboxes.filter(vanished_at=None).exclude(region="").order_by("-is_default", "name")
    return (known.values_list("region", flat=True).first() or "").strip().lower()


def _became(row: RemotePartnership, partnership: Partnership) -> str:
    last: dict[str, Any] = {}
    if row.history:
        decision = row.history[-1]
        last = {"by": decision.by_name or decision.by_id, "reason": decision.reason}
    return _became_words(row.status, partnership, last)


def _became_words(status: str, partnership: Partnership, last: Mapping[str, Any]) -> str:
    """What became of a request, who decided, and why, as far as the platform tells."""
    by = f" by {last['by']}" if last.get("by") else ""
    reason = f", with the words “{last['reason']}”" if last.get("reason") else ""
    word = status_in_sentence(PartnershipStatus, status)
    return f"The request of {partnership.partner} was {word} at the platform{by}{reason}."

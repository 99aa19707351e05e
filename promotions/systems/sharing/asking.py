"""Asking one organization for a partnership: sent once, and over as soon as the platform lists it."""

from collections.abc import Mapping, Sequence
from typing import Any

from clients.errors import ApiRejectedError, OutcomeUnknownError
from clients.sandbox_sharing import Direction as ListDirection
from clients.sandbox_sharing import RemotePartnership
from promotions.choices import PENDING_PARTNERSHIPS, Direction, JobState, PartnershipStatus, status_in_sentence
from promotions.engine.registry import Ending, LookUp, Report, Snapshot, Submitted
from promotions.models import Job, Partnership, SharingLeg
from promotions.services import partner_names, partnerships, sharing_consent
from promotions.services.verbs import Verb
from promotions.systems.listing import Listing, newest_first
from promotions.systems.sharing import kinds
from promotions.systems.sharing.connection import sharing
from promotions.systems.sharing.submission import SharingSubmission
from promotions.systems.submission import nothing_sent, unknown_ids

OPERATION = "handshakes.request"


class AskSubmission(SharingSubmission):
    """One partner a call, so that an answer that was lost concerns one only."""

    kind = kinds.ASK
    label = "Ask for a partnership"
    phrase = "Request for a partnership with"
    accepted = Verb.PARTNERSHIP_ASKED
    act = "asking for a partnership with"
    noun = "partnership"

    def whereof(self, job: Job) -> str:
        return partner(job)

    def recheck(self, job: Job, report: Report) -> Ending | None:
        if ending := sharing_consent.lost(job):
            return ending
        held: list[tuple[Direction, RemotePartnership]] = []
        for direction in Direction:
            report(f"Reading the {direction.label.lower()} partnerships")
            rows = read_partnerships(job, direction).rows
            held += [(direction, row) for row in rows if is_with(partner_id(job), direction, row)]
        binding = [(direction, row) for direction, row in held if is_approved(row) or is_pending(row)]
        if job.submit_count and unknown_ids(job, [row.id for side, row in held if side == Direction.OUTGOING]):
            return None  # sent before: a new one may be that very request, and the look-up decides
        return nothing_sent(_why_not(job, *binding[0])) if binding else None

    def note_before(self, job: Job) -> dict[str, Any]:
        """The requests to this partner that are there already: the one that is made is none of these."""
        listing = read_partnerships(job, Direction.OUTGOING)
        return {"ids": [row.id for row in listing.rows if _may_be_to(job, row)], "is_complete": listing.is_complete}

    def submit(self, job: Job, report: Report) -> Submitted:
        partner = partner_id(job)
        with sharing(job.organization) as client:
            outcomes = client.request_partnerships([partner], source_name=job.organization.name)
        if partner in outcomes.successful:
            remote = outcomes.successful[partner]
            return Submitted(remote.id, remote.raw)
        if partner in outcomes.failed:
            raise ApiRejectedError(outcomes.failed[partner], operation=OPERATION)
        raise OutcomeUnknownError(f"The answer tells nothing of {partner}", operation=OPERATION)

    def wanted(self, job: Job) -> str:
        return f"a new request for a partnership with {partner_id(job)}"

    def look_up(self, job: Job, report: Report) -> LookUp:
        report("Looking through the outgoing partnerships")
        listing = read_partnerships(job, Direction.OUTGOING)
        new = unknown_ids(job, [row.id for row in listing.rows if _may_be_to(job, row)])
        is_certain = job.params.get("before", {}).get("is_complete", False)
        return LookUp(
            new if is_certain else [],
            listing.is_complete,
            similar=[] if is_certain else new,
            rows=len(listing.rows),
        )

    def list_statuses(self, jobs: Sequence[Job]) -> Mapping[int, str]:
        """None: each is read once."""
        return {}

    def read(self, job: Job) -> Snapshot:
        listing = read_partnerships(job, Direction.OUTGOING, wanted=job.remote_id)
        row = next((row for row in listing.rows if row.id == job.remote_id), None)
        if row is None:  # accepted, and not listed yet
            return Snapshot(status="", is_over=False, done=0, total=1, raw=job.raw)
        return Snapshot(status=row.status[:64], is_over=True, done=1, total=1, raw=row.raw, detail=row)

    def record(self, job: Job, snapshot: Snapshot) -> None:
        if snapshot.detail is None:
            return
        partnerships.apply(job.organization, [snapshot.detail], direction=Direction.OUTGOING)
        stored = Partnership.objects.filter(organization=job.organization, remote_id=job.remote_id).first()
        # Whatever became of it by now, this is the one that was asked for.
        SharingLeg.objects.filter(asking_job=job, partnership=None).update(partnership=stored)

    def conclude(self, job: Job) -> Ending:
        return Ending(state=JobState.SUCCEEDED, result={"status": job.remote_status})

    def describe(self, job: Job) -> str:
        status = job.result.get("status")
        if status is None:
            return ""
        if status in PENDING_PARTNERSHIPS:
            return "Asked; the partner decides."
        return f"Asked; it is {status_in_sentence(PartnershipStatus, status)} already."


def partner_id(job: Job) -> str:
    return str(job.params["partner_id"])


def partner(job: Job) -> str:
    """The partner as it is called by now."""
    known = partner_names.known_names(job.organization, [partner_id(job)])
    return known.get(partner_id(job)) or partner_id(job)


def read_partnerships(job: Job, direction: Direction, *, wanted: str = "") -> Listing[RemotePartnership]:
    """The partnerships of the job's organization in one direction, which are kept as they are read.

    With `wanted` the reading ends when that one was met, and nothing is kept.
    """
    with sharing(job.organization) as client:
        pages = client.all_partnerships(ListDirection(direction.name))
        listing = newest_first(pages, missing={wanted} if wanted else None)
    if not wanted:
        partnerships.apply(job.organization, listing.rows, direction=direction)
    return listing


def is_with(partner: str, direction: Direction, row: RemotePartnership) -> bool:
    return partner.strip() == (row.target_id if direction == Direction.OUTGOING else row.source_id)


def is_approved(row: RemotePartnership) -> bool:
    return row.status == PartnershipStatus.APPROVED


def is_pending(row: RemotePartnership) -> bool:
    return row.status in PENDING_PARTNERSHIPS


def _may_be_to(job: Job, row: RemotePartnership) -> bool:
    return row.target_id in ("", partner_id(job))


def _why_not(job: Job, direction: Direction, row: RemotePartnership) -> str:
    name = (row.target_name if direction == Direction.OUTGOING else row.source_name) or partner_id(job)
    if is_approved(row):
        return f"{name} is a partner already."
    if direction == Direction.INCOMING:
        return (
            f"{name} has asked {job.organization} for a partnership. An approver of {job.organization} decides on it."
        )
    return f"{name} has been asked already, and has not decided."

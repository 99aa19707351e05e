"""Exporting the two sides of a comparison; reads only, and keeps what was read."""

from datetime import datetime

from django.utils import timezone

from accounts.errors import NoCredentialError
from clients.errors import ApiAuthError, ApiError, ApiNotFoundError
from promotions.choices import JobState, ProblemKind
from promotions.engine import claims, faults
from promotions.engine.hooks import credential_refused
from promotions.engine.registry import Activity, Ending, Report
from promotions.journey_facts import why_no_promotion
from promotions.journey_sides import Side, side_of
from promotions.models import Job, Journey
from promotions.services import documents
from promotions.systems.journeys import kinds
from promotions.systems.journeys.connection import journeys
from promotions.systems.journeys.details import said_by
from promotions.systems.journeys.kinds import CANNOT_BE_EXPORTED

NOT_KNOWN = "This version is not known here any more. Synchronize the journeys, then choose another one."
ELSEWHERE = "The version in the other organization could not be read; the page of the comparison says why."


class CompareJourneys(Activity):
    """Both sides, one after the other: what keeps one from being read does not keep the other.

    Why a side could not be read is kept with the job for those who may read that side, and left out of its result.
    """

    kind = kinds.COMPARE
    label = "Journey comparison"

    def run(self, job: Job, report: Report) -> Ending:
        told: dict[str, dict[str, str]] = {}
        at_home: list[str] = []
        is_elsewhere_lacking = False
        sides = job.params["sides"]
        for done, one in enumerate(sides):
            report("Exporting both versions", done=done, total=len(sides))
            journey = (
                Journey.objects.select_related("organization", "sandbox__organization")
                .filter(pk=one["journey"])
                .first()
            )
            problem = _read(journey, one["uid"], since=job.started_at)
            told[one["key"]] = {"problem": problem, "at": timezone.now().isoformat()}
            if problem and journey is not None and journey.organization_id != job.organization_id:
                is_elsewhere_lacking = True
            elif problem:
                at_home.append(problem)
        claims.keep(job, params={**job.params, "told": told})
        problems = [*at_home, ELSEWHERE] if is_elsewhere_lacking else at_home
        if not problems:
            return Ending(state=JobState.SUCCEEDED, result={"read": len(sides)})
        return Ending(
            state=JobState.PARTLY_FAILED if len(problems) < len(sides) else JobState.FAILED,
            problem_kind=ProblemKind.REJECTED,
            problem=" ".join(problems),
            result={"read": len(sides) - len(problems)},
        )

    def describe(self, job: Job) -> str:
        return {2: "Both versions were exported.", 1: "One of the two versions was exported."}.get(
            job.result.get("read", 0), ""
        )


def _read(journey: Journey | None, uid: str, *, since: datetime | None) -> str:
    """Export one side and keep it; why it could not be, or nothing."""
    side = side_of(journey, uid) if journey is not None else None
    if side is None:
        return NOT_KNOWN
    organization = side.journey.organization
    kept = documents.latest(organization=organization, kind=kinds.EXPORT, remote_id=uid)
    if kept is not None and since is not None and kept.read_at >= since:
        return ""  # read before this work was taken up again
    if side.journey.vanished_at is None and (reason := why_no_promotion(side.journey)):
        return f"{_named(side)} cannot be exported. {reason}"
    try:
        with journeys(organization, sandbox=side.journey.sandbox.name) as client:
            content = client.export(uid).content
    except NoCredentialError as error:
        return f"{_named(side)} cannot be exported. {error.message}"
    except ApiError as error:
        if isinstance(error, ApiAuthError):
            credential_refused(organization, error)
        return _why(side, error)
    documents.keep(organization=organization, kind=kinds.EXPORT, remote_id=uid, content=content)
    return ""


def _why(side: Side, error: ApiError) -> str:
    if error.error_code == CANNOT_BE_EXPORTED:
        return (
            f"{_named(side)} has errors, and the platform exports only versions without. Mend it in the journey "
            f"designer of {side.journey.sandbox}, then read both again. The platform says: {said_by(error)}"
        )
    if isinstance(error, ApiNotFoundError):
        return f"{_named(side)} is no longer in {side.journey.sandbox}. The platform says: {said_by(error)}"
    return faults.sentence(f"{_named(side)} could not be exported", error)


def _named(side: Side) -> str:
    return f"Version {side.number} of “{side.journey}”"

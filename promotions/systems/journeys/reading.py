"""Reading one journey anew: its versions, its latest one, what it uses."""

from clients.errors import ApiError, ApiNotFoundError
from promotions.choices import JobState, JourneySource, ProblemKind, SourceState
from promotions.engine.registry import Activity, Ending, Report
from promotions.models import Job, Journey, JourneyReading
from promotions.services import journeys
from promotions.systems.journeys import kinds
from promotions.systems.journeys.connection import Sources, sources
from promotions.systems.journeys.details import is_about_one, read_details
from promotions.systems.journeys.merging import merged


class ReadJourney(Activity):
    """One journey, through both APIs, with its export for what it uses; the export is not kept."""

    kind = kinds.READ_JOURNEY
    label = "Read journey"

    def run(self, job: Job, report: Report) -> Ending:
        journey = Journey.objects.select_related("sandbox__organization").filter(pk=job.params["journey"]).first()
        if journey is None:
            return Ending(
                state=JobState.FAILED,
                problem_kind=ProblemKind.REJECTED,
                problem="It is known as a version of another journey by now, and no longer by itself. Open that one.",
            )
        reading = JourneyReading.objects.filter(sandbox=journey.sandbox).first()
        is_newer_there = reading is None or reading.retrieve != SourceState.NOT_THERE
        with sources(job.organization) as found:
            report("Reading its versions")
            is_listed = _read_versions(journey, found, is_newer_there=is_newer_there)
            journey.refresh_from_db()
            report("Reading its latest version")
            details = read_details(journey, found, is_newer_there=is_newer_there, with_uses=True)
        if details.problem and is_listed is False:
            journeys.mark_vanished([journey])
            return Ending(
                state=JobState.FAILED,
                problem_kind=ProblemKind.REJECTED,
                problem=f"“{journey}” is no longer at the platform. It is kept here, since the record names it.",
            )
        journeys.store_details(journey, details)
        if details.problem and details.document is None:
            return Ending(
                state=JobState.FAILED,
                problem_kind=ProblemKind.REJECTED,
                problem=f"“{journey}” could not be read. {details.problem}",
            )
        result = {"steps": len((details.outline or {}).get("nodes", ())), "findings": len(details.findings)}
        problems = [details.problem, *(finding["text"] for finding in details.findings)]
        return Ending(
            state=JobState.SUCCEEDED_WITH_WARNINGS if any(problems) else JobState.SUCCEEDED,
            problem=" ".join(problem for problem in problems[:3] if problem),
            result=result,
        )

    def describe(self, job: Job) -> str:
        if "steps" not in job.result:
            return ""
        steps = "1 step" if job.result["steps"] == 1 else f"{job.result['steps']} steps"
        return f"{steps} read."


def _read_versions(journey: Journey, found: Sources, *, is_newer_there: bool) -> bool | None:
    """Take the journey's row from the lists; False if a complete list does not name it, None if none was given."""
    sandbox = journey.sandbox.name
    is_only_newer = journey.source == JourneySource.RETRIEVE
    authoring = None
    newer = None
    try:
        authoring = None if is_only_newer else found.authoring(sandbox).list_journeys()
        newer = found.newer(sandbox).list_journeys() if is_newer_there else None
    except ApiNotFoundError:
        pass
    except ApiError as error:
        if not is_about_one(error):
            raise
    if authoring is None and not (is_only_newer and newer is not None):
        return None
    rows = [one for one in merged(authoring, newer) if one.remote.uid == journey.uid]
    journeys.apply(journey.sandbox, rows)
    is_complete = (authoring or newer).is_complete  # type: ignore[union-attr]  # one of them is there
    return True if rows else False if is_complete else None

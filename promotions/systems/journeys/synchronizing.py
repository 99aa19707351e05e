"""Reading the journeys of every active sandbox of an organization."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accounts.models import Organization, Sandbox
from accounts.services import connections, sandboxes
from clients.errors import ApiAuthError, ApiContractError, ApiError, ApiRejectedError, ApiUnavailableError
from clients.journeys import JourneyList, JourneysClient
from promotions.choices import JobState, JourneySource, ProblemKind, SourceState
from promotions.engine.registry import Activity, Ending, Report, Unfinished
from promotions.models import Job, JourneyReading
from promotions.services import journeys
from promotions.services.journeys import SourceAnswer
from promotions.systems.journeys import kinds
from promotions.systems.journeys.connection import Sources, sources
from promotions.systems.journeys.details import is_about_one, read_details, said_by
from promotions.systems.journeys.merging import merged

# A slice ends well within the task time limit; the next one goes on where it stopped.
SLICE_S = 60
# Latest versions read in one pass; the next one goes on with the others.
DETAILS_AT_MOST = 200
# Journeys that a list left out, asked for one by one before they count as gone.
ASKED_AT_MOST = 500


@dataclass(frozen=True)
class Answer:
    """What one API said to the request for its list; `error` if it gave none."""

    listed: JourneyList | None
    state: SourceState
    error: ApiError | None = None

    @property
    def as_source(self) -> SourceAnswer:
        return SourceAnswer(self.state, said_by(self.error) if self.error is not None else "")


class SynchronizeJourneys(Activity):
    """A pass over the journeys of all active sandboxes, through both APIs.

    An API that an organization does not have is no error, nor is one sandbox that cannot be read; that no API gives a
    list for any sandbox is one.
    """

    kind = kinds.SYNCHRONIZE
    label = "Synchronize journeys"
    queue = "long"

    def run(self, job: Job, report: Report) -> Ending | Unfinished:
        state = job.params.get("slice") or {
            "done": [], "answered": 0, "read": 0, "changed": 0, "vanished": 0, "detailed": [], "said": [],
        }  # fmt: skip
        until = time.monotonic() + SLICE_S
        active = _active(job.organization) or _read_sandboxes(job.organization, report)
        if not active:
            return Ending(
                state=JobState.SUCCEEDED_WITH_WARNINGS,
                problem=f"{job.organization} has no active sandbox, as far as its credential may see.",
            )
        last: ApiError | None = None
        with sources(job.organization) as found:
            for sandbox in active:
                if sandbox.pk in state["done"]:
                    continue
                report(f"Reading the journeys of {sandbox.name}", done=len(state["done"]), total=len(active))
                last = _read_sandbox(sandbox, found, state, report) or last
                state["done"].append(sandbox.pk)
                if time.monotonic() > until:
                    return Unfinished({**job.params, "slice": state})
            if not state["answered"]:
                return self._nothing_answered(job.organization, state, last)
            is_over = _read_details_of(active, found, state, report, until)
        if not is_over:
            return Unfinished({**job.params, "slice": state})
        result = {name: state[name] for name in ("read", "changed", "vanished")}
        result["details"] = len(state["detailed"])
        if state["said"]:
            return Ending(state=JobState.SUCCEEDED_WITH_WARNINGS, problem=" ".join(state["said"][:5]), result=result)
        return Ending(state=JobState.SUCCEEDED, result=result)

    def describe(self, job: Job) -> str:
        if "read" not in job.result:
            return ""
        found = job.result
        read = "1 journey" if found["read"] == 1 else f"{found['read']} journeys"
        return f"{read} read, {found['changed']} changed, {found['vanished']} no longer there."

    def _nothing_answered(self, organization: Organization, state: dict[str, Any], last: ApiError | None) -> Ending:
        """An outage passes, so the engine tries again; what is refused has to be seen by a person."""
        if isinstance(last, ApiUnavailableError):
            raise last
        return Ending(
            state=JobState.FAILED,
            problem_kind=ProblemKind.REJECTED,
            problem=f"No API gave a list of the journeys of {organization}. {state['said'][0]} Check the journey "
            "service URL of the organization, and whether its credential has the rights to view journeys.",
        )


def _active(organization: Organization) -> list[Sandbox]:
    return [one for one in organization.sandboxes.order_by("name") if one.is_active]


def _read_sandboxes(organization: Organization, report: Report) -> list[Sandbox]:
    """Those of an organization whose sandboxes nobody has read yet, or whose last one was gone."""
    report("Reading the sandboxes")
    with connections.connect(organization) as platform:
        sandboxes.apply_sandboxes(organization, connections.list_sandboxes(platform))
    return _active(organization)


def _read_sandbox(sandbox: Sandbox, found: Sources, state: dict[str, Any], report: Report) -> ApiError | None:
    """One sandbox, through both APIs; returns the authoring API's error if neither gave a list."""
    authoring_client = found.authoring(sandbox.name)
    authoring = _ask(authoring_client.list_journeys)
    newer = _ask(found.newer(sandbox.name).list_journeys)
    listed = merged(authoring.listed, newer.listed)
    lists = [answer.listed for answer in (authoring, newer) if answer.listed is not None]
    journeys.note_reading(
        sandbox,
        authoring=authoring.as_source,
        newer=newer.as_source,
        listed=len(listed),
        is_complete=bool(lists) and all(one.is_complete for one in lists),
    )
    if not lists:
        error = authoring.error or newer.error
        said = " ".join(
            f"{name}: {said_by(answer.error)}"
            for name, answer in (("Authoring API", authoring), ("Newer API", newer))
            if answer.error is not None
        )
        state["said"].append(f"The journeys of {sandbox.name} could not be read. {said}")
        return error
    state["answered"] += 1
    state["read"] += len(listed)
    fresh = listed if authoring.listed is not None else journeys.without_known(sandbox, listed)
    state["changed"] += journeys.apply(sandbox, fresh)
    if any(not one.is_complete for one in lists):
        state["said"].append(f"The list of {sandbox.name} ended early; what it left out is kept as it was.")
    _mark_missing(sandbox, authoring, newer, authoring_client, [one.remote.uid for one in listed], state, report)
    for name, answer in (("authoring", authoring), ("newer", newer)):
        if answer.state == SourceState.UNREACHABLE and answer.error is not None:
            state["said"].append(f"The {name} API gave no list for {sandbox.name}: {said_by(answer.error)}")
    return None


def _mark_missing(
    sandbox: Sandbox,
    authoring: Answer,
    newer: Answer,
    client: JourneysClient,
    seen: list[str],
    state: dict[str, Any],
    report: Report,
) -> None:
    """Only what a complete list left out can be gone; what the authoring API named before is asked for first.

    A list that is empty for a wrong reason looks like any other.
    """
    gone = []
    if newer.listed is not None and newer.listed.is_complete:
        gone += journeys.missing(sandbox, seen, [JourneySource.RETRIEVE])
    if authoring.listed is not None and authoring.listed.is_complete:
        absent = journeys.missing(sandbox, seen, [JourneySource.AUTHORING, JourneySource.BOTH])
        for position, journey in enumerate(absent[:ASKED_AT_MOST]):
            report(f"Looking for {len(absent)} journeys that the list of {sandbox.name} left out", done=position)
            try:
                client.latest(journey.uid)
            except ApiRejectedError as error:
                if error.status != 404:
                    continue
                gone.append(journey)
            except ApiError as error:
                if not is_about_one(error):
                    raise
    state["vanished"] += journeys.mark_vanished(gone)


def _read_details_of(
    active: list[Sandbox], found: Sources, state: dict[str, Any], report: Report, until: float
) -> bool:
    """Latest versions that are new or have changed; False if time is up before all were read."""
    newer = set(
        JourneyReading.objects.filter(sandbox__in=active, retrieve=SourceState.ANSWERS).values_list(
            "sandbox_id", flat=True
        )
    )
    left = DETAILS_AT_MOST - len(state["detailed"])
    waiting = journeys.stale(active, without=state["detailed"], limit=left)
    for position, journey in enumerate(waiting):
        if time.monotonic() > until:
            return False
        report("Reading latest versions", done=position, total=len(waiting))
        details = read_details(journey, found, is_newer_there=journey.sandbox_id in newer, with_uses=False)
        journeys.store_details(journey, details)
        state["detailed"].append(journey.pk)
    return True


def _ask(read: Callable[[], JourneyList]) -> Answer:
    """The list, or why there is none: 403 and 404 mean that there is no such API for this organization or sandbox."""
    try:
        return Answer(read(), SourceState.ANSWERS)
    except ApiAuthError as error:
        if error.status != 403:
            raise
        return Answer(None, SourceState.NOT_THERE, error)
    except ApiRejectedError as error:
        is_absent = error.status in (403, 404)
        return Answer(None, SourceState.NOT_THERE if is_absent else SourceState.UNREACHABLE, error)
    except (ApiUnavailableError, ApiContractError) as error:
        return Answer(None, SourceState.UNREACHABLE, error)

"""Carrying out a change of life: one call for all versions, and its answer read version by version."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from clients.snaplogic import LifecycleResult, PublishInfo, SnapLogicClient, VersionPath
from promotions.api_choices import LEADS_TO, LifecycleAct
from promotions.choices import GOOD_OUTCOMES, JobState, ProblemKind, ResultOutcome
from promotions.engine.registry import Ending, LookUp, Report, Snapshot, Submitted
from promotions.models import Job, Plan, TaskResult
from promotions.services import api_versions, runs
from promotions.systems.plan_runs import PlanRun, place_of, plan_of, unsent
from promotions.systems.snaplogic import kinds
from promotions.systems.snaplogic.acts import DONE, Act
from promotions.systems.snaplogic.connection import snaplogic
from promotions.systems.snaplogic.lifecycle_system import VERSION_ITEM
from promotions.systems.snaplogic.outcomes import NAMED, is_answered, readable
from promotions.systems.snaplogic.verbs import LIFECYCLE_VERBS

RESULT_FIELDS = ("position", "title", "claim", "outcome", "explanation", "messages")
BLIND = (
    "The answer was lost, and no call of the platform tells the state of a version. Look in the API Manager there. If "
    "it was carried out, say so by naming one of the versions; if not, close this one and plan it again."
)


class ChangeLife(PlanRun):
    """Sent once. A part of it may fail within an answer of HTTP 200."""

    kind = kinds.LIFECYCLE
    label = "API life cycle"
    phrase = "change"
    into = "in"
    noun = "version"
    verbs = LIFECYCLE_VERBS
    is_searchable: ClassVar[bool] = False

    def submit(self, job: Job, report: Report) -> Submitted:
        plan = plan_of(job)
        with snaplogic(job.organization) as client:
            result = _send(client, plan, Act.of(plan.promotion))
        return Submitted("", _received(result))

    def wanted(self, job: Job) -> str:
        return "the versions in their new state"

    def look_up(self, job: Job, report: Report) -> LookUp:
        return LookUp([], is_complete=False, blind=BLIND)

    def named(self, job: Job, text: str) -> Submitted:
        """One of its versions, as people write it: that much a person says was carried out."""
        act, wanted = Act.of(plan_of(job).promotion), text.strip().strip("/")
        wanted = wanted.removeprefix(f"{job.organization.remote_id}/apim/")
        path = next((path for path in act.paths if wanted in (path, path.replace("/", " "))), None)
        if path is None:
            raise ValueError(f"Name one of the versions of this change: {', '.join(act.paths[:5])}.")
        return Submitted("", {NAMED: path})

    def list_statuses(self, jobs: Sequence[Job]) -> Mapping[int, str]:
        return {}  # it is over when it is answered

    def read(self, job: Job) -> Snapshot:
        raw = job.raw if isinstance(job.raw, dict) else {}
        rows = _rows(Act.of(plan_of(job).promotion), raw)
        return Snapshot(
            status="answered" if is_answered(raw) else "answer lost",
            is_over=True,
            done=len(rows),
            total=len(rows),
            raw=raw,
            detail=rows,
        )

    def record(self, job: Job, snapshot: Snapshot) -> None:
        rows: list[TaskResult] = snapshot.detail
        for position, row in enumerate(rows):
            row.job, row.position = job, position
        TaskResult.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["job", "type", "remote_id"], update_fields=RESULT_FIELDS
        )

    def conclude(self, job: Job) -> Ending:
        act = Act.of(plan_of(job).promotion)
        rows = list(job.results.all())
        outcomes = Counter(row.outcome for row in rows)
        result = {"outcomes": dict(outcomes), "claimed": outcomes[ResultOutcome.UPDATED]}
        failed = [row for row in rows if row.outcome == ResultOutcome.FAILED]
        if failed:
            return Ending(
                state=JobState.PARTLY_FAILED if len(failed) < len(rows) else JobState.FAILED,
                problem_kind=ProblemKind.REMOTE_FAILURE,
                problem=f"{len(failed)} of {len(rows)} could not be {DONE[act.act]}: "
                + " ".join(f"{row.title}: {row.explanation.rstrip('.')}." for row in failed[:3]),
                result=result,
            )
        raw = job.raw if isinstance(job.raw, dict) else {}
        told = [str(raw.get("status_mismatch") or "")]
        if not is_answered(raw):
            told.append(
                f"The answer of the platform was lost; that {raw.get(NAMED)} was reached is what a person said."
            )
        if outcomes[ResultOutcome.UNKNOWN]:
            told.append(f"What became of {outcomes[ResultOutcome.UNKNOWN]} of {len(rows)} is not told.")
        if problem := " ".join(one for one in told if one):
            return Ending(state=JobState.SUCCEEDED_WITH_WARNINGS, problem=problem, result=result)
        return Ending(state=JobState.SUCCEEDED, result=result)

    def describe(self, job: Job) -> str:
        if not job.is_finished:
            return ""
        if job.submit_count == 0:
            return unsent(job)
        if job.state == JobState.FAILED and not job.result.get("outcomes"):
            return f"The platform changed nothing in {place_of(job)}. The plan is open again."
        return f"No call of the platform shows the new state: look in the API Manager of {place_of(job)}."

    def over(self, job: Job, ending: Ending) -> None:
        if not job.submit_count:
            return
        if ending.state == JobState.FAILED and not job.results.exists():
            runs.reopen_refused(plan_of(job), job)
            return
        act = Act.of(plan_of(job).promotion)
        for row in job.results.filter(outcome__in=GOOD_OUTCOMES):
            api, _, version = row.remote_id.partition("/")
            path = VersionPath(job.organization.remote_id, api, version)
            known_from = f"job {job.pk}"
            api_versions.note_seen(job.organization, path, known_from=known_from, state=LEADS_TO[act.act], job=job)


def _send(client: SnapLogicClient, plan: Plan, act: Act) -> LifecycleResult:
    environment = plan.promotion.target_organization.remote_id
    if act.act == LifecycleAct.PUBLISH:
        published = [
            PublishInfo(
                api=api,
                version=version,
                contact_email=act.contact_email,
                allow_subscriptions=act.allow_subscriptions,
                auto_approve=act.auto_approve,
                is_yaml=act.is_yaml,
                spec=act.document,
            )
            for api, version in act.versions
        ]
        return client.publish_versions(environment, published)
    if act.act == LifecycleAct.DEPRECATE:
        deprecated = [(api, version, act.message) for api, version in act.versions]
        return client.deprecate_versions(environment, deprecated)
    if act.act == LifecycleAct.UNPUBLISH:
        return client.unpublish_versions(environment, act.paths)
    return client.retire_versions(environment, act.paths)


def _received(result: LifecycleResult) -> dict[str, Any]:
    return {
        "successful": list(result.successful),
        "unsuccessful": [{"path": one.path, "reason": one.reason} for one in result.unsuccessful],
        "status_mismatch": result.status_mismatch,
        "unreadable": result.unreadable,
        "answer": result.raw,
    }


def _rows(act: Act, raw: Mapping[str, Any]) -> list[TaskResult]:
    """One row for each version that was asked for; of those that no list names nothing is known."""
    reasons = {one["path"]: readable(one["reason"]) or "No reason is given." for one in raw.get("unsuccessful", ())}
    rows = []
    for path in act.paths:
        row = TaskResult(type=VERSION_ITEM, remote_id=path[:500], title=path.replace("/", " ")[:500], messages=[])
        if path in reasons:
            row.outcome, row.claim, row.explanation = ResultOutcome.FAILED, "unsuccessful", reasons[path]
            row.messages = [{"status": "ERROR", "attempt": None, "message": reasons[path]}]
        elif path in raw.get("successful", ()):
            row.outcome, row.claim = ResultOutcome.UPDATED, "successful"
            row.explanation = f"The platform says that it is {DONE[act.act]}."
        else:
            row.outcome = ResultOutcome.UNKNOWN
            row.explanation = (
                "The answer does not mention it." if is_answered(raw) else "The answer of the platform was lost."
            )
        rows.append(row)
    return rows

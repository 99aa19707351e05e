"""The migration workflow: makes drafts in the target, once, and tells what became of each object."""

from collections import Counter
from collections.abc import Sequence

from clients.decisioning import DecisioningClient, Dependencies, ObjectMapping, Segment, Workflow, WorkflowStatus
from promotions.choices import Decision, JobState, ResultOutcome
from promotions.engine.registry import Ending, Snapshot
from promotions.models import Job, Plan, PlanItem, TaskResult
from promotions.services.verbs import MIGRATION_VERBS
from promotions.systems.decisioning import kinds
from promotions.systems.decisioning.checks import add_checks
from promotions.systems.decisioning.items import CONTEXT, DATASET, DATASTREAM, PROFILE, SEGMENT
from promotions.systems.decisioning.picks import Pick, segment_of
from promotions.systems.decisioning.workflows import WorkflowRun, failed, in_words, keep_told
from promotions.systems.plan_runs import PlanRun, place_of, plan_of, unsent

MESSAGES_KEPT = 50
_RESULT_FIELDS = ("position", "title", "new_id", "claim", "outcome", "explanation", "messages")


class Migrate(WorkflowRun, PlanRun):
    """Creates what the entity table says, under names that begin with ExD_, as drafts."""

    kind = kinds.MIGRATE
    label = "Decisioning migration"
    phrase = "migration of"
    verbs = MIGRATION_VERBS

    def start(self, job: Job, client: DecisioningClient) -> Workflow:
        plan = plan_of(job)
        pick = Pick.of(plan.promotion)
        return client.migrate(
            source=pick.source,
            target=plan.promotion.target_sandbox.name,
            scope=pick.scope,
            dependencies=decided_dependencies(plan),
            create_data_stream=_creates_datastream(plan),
        )

    def ask(self, client: DecisioningClient, workflow_id: str) -> Workflow:
        return client.get_migration(workflow_id)

    def record(self, job: Job, snapshot: Snapshot) -> None:
        workflow: Workflow = snapshot.detail
        rows = rows_of(job, workflow)
        TaskResult.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["job", "type", "remote_id"], update_fields=_RESULT_FIELDS
        )
        keep_told(job, workflow, datastream=_datastream_id(workflow))

    def conclude(self, job: Job) -> Ending:
        results = list(job.results.all())
        outcomes = Counter(found.outcome for found in results)
        result = {"outcomes": dict(outcomes), "claimed": outcomes[ResultOutcome.CREATED]}
        if job.remote_status != WorkflowStatus.COMPLETED:
            return failed("The migration", job, job.result.get("errors", []), result)
        warnings = job.result.get("warnings", [])
        behind = outcomes[ResultOutcome.UNCHANGED]
        if warnings or behind:
            left = f"{behind} {'object stays' if behind == 1 else 'objects stay'} behind. " if behind else ""
            return Ending(
                state=JobState.SUCCEEDED_WITH_WARNINGS,
                problem=f"The service reports the migration as completed, with warnings. {left}{in_words(warnings)}",
                result=result,
            )
        if not results:
            return Ending(
                state=JobState.SUCCEEDED_WITH_WARNINGS,
                problem="The service reports the migration as completed, and names nothing that it made.",
                result=result,
            )
        return Ending(state=JobState.SUCCEEDED, result=result)

    def describe(self, job: Job) -> str:
        where = place_of(job)
        if not job.is_finished:
            return ""
        if job.submit_count == 0:
            return unsent(job, mend="map what is missing")
        if job.state in (JobState.SUCCEEDED, JobState.SUCCEEDED_WITH_WARNINGS):
            return f"Everything made in {where} is a draft. No API shows it to Towpath: go through the list of checks."
        if job.state == JobState.FAILED:
            return (
                f"What it had made in {where} by then is not told. Look there for names that begin with ExD_; the "
                "service takes back completed migrations only."
            )
        return ""

    def wanted(self, job: Job) -> str:
        return "a migration between these sandboxes"

    def over(self, job: Job, ending: Ending) -> None:
        if job.remote_status == WorkflowStatus.COMPLETED:
            add_checks(job)


def decided_dependencies(plan: Plan) -> Dependencies:
    """What people have decided, as the service takes it; what is left out is not sent."""
    profile: dict[str, str] = {}
    context: dict[str, str] = {}
    segments: dict[str, Segment] = {}
    dataset = ""
    for item in plan.items.all():
        value = _value_of(item)
        if value is None:
            continue
        if item.type == PROFILE:
            profile[item.details["current"]] = value
        elif item.type == CONTEXT:
            context[item.details["current"]] = value
        elif item.type == SEGMENT and (segment := segment_of(value)) is not None:
            segments[item.details["current"]] = segment
        elif item.type == DATASET:
            dataset = value
    return Dependencies(profile, context, segments, dataset)


def _value_of(item: PlanItem) -> str | None:
    if item.decision == Decision.KEEP:
        return str(item.details.get("same") or item.details.get("current") or "")
    if item.decision in (Decision.FILL, Decision.REUSE) and item.target:
        return str(item.target["id"])
    return None


def _creates_datastream(plan: Plan) -> bool | None:
    item = plan.items.filter(type=DATASTREAM).first()
    return None if item is None else item.decision == Decision.CREATE


def rows_of(job: Job, workflow: Workflow) -> list[TaskResult]:
    """One row for each object that something became, and for each object that something was left of."""
    rows: dict[tuple[str, str], TaskResult] = {}
    for mapping in workflow.mappings:
        row = _row(mapping)
        number = 2
        plain = row.type
        while (row.type, row.remote_id) in rows:
            row.type, number = f"{plain[:58]} {number}", number + 1
        rows[row.type, row.remote_id] = row
    told = {remote_id for _, remote_id in rows}
    for warning in workflow.warnings:
        # Some services tell of what they leave behind in a warning alone.
        if warning.object_id and warning.object_id not in told:
            left = _left_behind(warning.object_id, warning.object_name, [warning.text])
            rows.setdefault((left.type, left.remote_id), left)
    for position, row in enumerate(rows.values()):
        row.job, row.position = job, position
    return list(rows.values())


def _left_behind(object_id: str, name: str, warnings: Sequence[str]) -> TaskResult:
    """What became nothing, and why."""
    kind = object_id.partition(":")[0] if ":" in object_id else ""
    return TaskResult(
        type=_words(kind.replace("-", " "))[:64],
        remote_id=object_id[:500],
        title=name[:500],
        claim="not migrated",
        outcome=ResultOutcome.UNCHANGED,
        explanation=f"Stays behind. {' '.join(warnings[:3])}",
        messages=[{"status": "WARNING", "attempt": None, "message": text} for text in warnings[:MESSAGES_KEPT]],
    )


def _row(mapping: ObjectMapping) -> TaskResult:
    is_made = bool(mapping.target_id or mapping.target_name)
    words = _words(mapping.type)
    becomes = f" → {_words(mapping.target_type).lower()}" if mapping.target_type else ""
    warnings = [found.text for found in mapping.warnings]
    return TaskResult(
        type=f"{words}{becomes}"[:64],
        remote_id=(mapping.source_id or mapping.source_name)[:500],
        title=(mapping.target_name or mapping.source_name)[:500],
        new_id=mapping.target_id[:500],
        claim="made" if is_made else "not migrated",
        outcome=ResultOutcome.CREATED if is_made else ResultOutcome.UNCHANGED,
        explanation=("" if is_made else "Stays behind. ") + " ".join(warnings[:3]),
        messages=[{"status": "WARNING", "attempt": None, "message": text} for text in warnings[:MESSAGES_KEPT]],
    )


def _words(name: str) -> str:
    """decisionPolicy -> Decision policy; a name that is no camel case speaks for itself."""
    spaced = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()
    return spaced[:1].upper() + spaced[1:] if spaced else "Object"


def _datastream_id(workflow: Workflow) -> str:
    result = workflow.result if isinstance(workflow.result, dict) else {}
    found = result.get("datastreamId") or result.get("dataStreamId") or ""
    return found if isinstance(found, str) else ""

"""Workflows: at most one of an organization at a time, done step by step while the clock goes on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from emulator.calls import Directive
from emulator.decisioning_make import Making, Undo, take_back
from emulator.decisioning_scope import Given, Scope, entry, scope_of, unresolved
from emulator.decisioning_things import DecisioningShelf, Needs
from emulator.submission import UNKNOWN_STATUS
from emulator.world import World, stable_hex

KINDS = ("dependency", "migration", "rollback")
OVER = ("Completed", "Failed", "Cancelled")
PENDING_S = 1.0
STEP_S = 0.25
LONGEST_S = 45.0  # all steps together
INJECTED = "The service could not process {kind} {name}"


@dataclass
class Workflow:
    """One workflow.

    New -> Running -> Completed | Failed | Cancelled
    """

    id: str
    org_id: str
    kind: str
    source: str
    target: str
    created_ms: int
    created_by: str
    level: str = "sandbox"
    ids: tuple[str, ...] = ()
    given: Given = field(default_factory=Given)
    creates_datastream: bool = False
    migration_id: str = ""  # of a rollback: what it takes back
    status: str = "New"
    shown_status: str = ""
    revision: int = 0
    needs: Needs | None = None  # found by an analysis
    result: dict[str, Any] | None = None
    error: str = ""
    errors: list[dict[str, Any]] = field(default_factory=list)
    undo: list[Undo] = field(default_factory=list)
    rolled_back_by: str = ""
    finished_ms: int | None = None

    @property
    def is_over(self) -> bool:
        return self.status in OVER

    @property
    def etag(self) -> str:
        return f"{stable_hex(self.id, 'etag', length=4)}-{self.revision}"

    def turn(self, status: str) -> None:
        self.status = status
        self.revision += 1


class StepError(Exception):
    """Ends a workflow as Failed: the sentence of the result, and its errors."""

    def __init__(self, sentence: str, errors: Sequence[dict[str, Any]]) -> None:
        super().__init__(sentence)
        self.errors = list(errors)


@dataclass
class _Run:
    workflow: Workflow
    steps: list[Callable[[], None]]
    finish: Callable[[], None]
    step_s: float
    stops_before: int | None = None
    ends_as: str = ""


def running(world: World, org_id: str) -> Workflow | None:
    """The workflow that holds the organization's only place."""
    return next((one for one in world.workflows.values() if one.org_id == org_id and not one.is_over), None)


def start(world: World, workflow: Workflow, directives: Sequence[Directive] = (), *, seconds: float = 0) -> Workflow:
    """Remember a workflow and let it begin; with `seconds` it takes at least so long."""
    world.workflows[workflow.id] = workflow
    steps, finish = _WORK[workflow.kind](world, workflow, directives)
    if seconds:
        # The real work is done at the end; before that, time passes.
        waits = max(0, round(seconds / STEP_S) - len(steps))
        steps = [*[_wait] * min(waits, 40), *steps]
    each = max(seconds, min(STEP_S * len(steps), LONGEST_S)) / max(1, len(steps))
    run = _Run(workflow, steps, finish, each)
    for directive in directives:
        if directive.name == "stuck_job":
            run.stops_before = int(directive.options.get("after_tasks", max(1, len(steps) // 2)))
            if directive.options.get("seconds"):
                run.stops_before, run.step_s = None, float(directive.options["seconds"]) / max(1, len(steps))
        elif directive.name == "job_cancelled":
            run.stops_before, run.ends_as = int(directive.options.get("after_tasks", len(steps) // 2)), "Cancelled"
        elif directive.name == "job_failure":
            run.stops_before, run.ends_as = 0, "Failed"
        elif directive.name == "unknown_status":
            workflow.shown_status = str(directive.options.get("value", UNKNOWN_STATUS))
    if run.stops_before == 0 and not run.ends_as:
        return workflow  # stays New for ever
    world.after(PENDING_S, partial(_begin, world, run))
    return workflow


def end(world: World, workflow: Workflow, status: str) -> None:
    """The last change of a workflow's status."""
    workflow.turn(status)
    workflow.finished_ms = world.current_ms()


def _wait() -> None:
    """A step that only takes its time."""


def _begin(world: World, run: _Run) -> None:
    if run.workflow.is_over:
        return
    run.workflow.turn("Running")
    _next(world, run, 0)


def _next(world: World, run: _Run, index: int) -> None:
    if run.stops_before is not None and index >= run.stops_before:
        if run.ends_as:
            end(world, run.workflow, run.ends_as)
        return
    if index < len(run.steps):
        world.after(run.step_s, partial(_step, world, run, index), since=world.current_s)
        return
    run.finish()
    end(world, run.workflow, "Completed")


def _step(world: World, run: _Run, index: int) -> None:
    if run.workflow.is_over:
        return
    try:
        run.steps[index]()
    except StepError as error:
        run.workflow.error, run.workflow.errors = str(error), error.errors
        end(world, run.workflow, "Failed")
        return
    _next(world, run, index + 1)


# What the three kinds do


_Work = tuple[list[Callable[[], None]], Callable[[], None]]


def shelf_of(world: World, org_id: str, sandbox: str) -> DecisioningShelf:
    return world.organizations[org_id].sandboxes[sandbox].decisioning


def _known_scope(source: DecisioningShelf, workflow: Workflow) -> Scope:
    scope = scope_of(source, workflow.level, workflow.ids)
    if scope.unknown:
        message = f"{workflow.level.capitalize()} does not exist in sandbox {workflow.source}"
        raise StepError(
            "Request validation failed", [entry("OBJECT_NOT_FOUND", message, sourceId=one) for one in scope.unknown]
        )
    return scope


def _analysis(world: World, workflow: Workflow, directives: Sequence[Directive]) -> _Work:
    source = shelf_of(world, workflow.org_id, workflow.source)
    count = len(scope_of(source, workflow.level, workflow.ids).things)
    failing = [directive for directive in directives if directive.name == "partial_failure"]

    def look() -> None:
        workflow.needs = _known_scope(source, workflow).needs
        if failing:
            what = INJECTED.format(kind="sandbox", name=workflow.source)
            raise StepError("Dependency analysis failed", [entry("ANALYSIS_FAILED", what)])

    return [*[_wait] * min(40, count // 4), look], lambda: None


def _migration(world: World, workflow: Workflow, directives: Sequence[Directive]) -> _Work:
    source = shelf_of(world, workflow.org_id, workflow.source)
    target = shelf_of(world, workflow.org_id, workflow.target)
    scope = scope_of(source, workflow.level, workflow.ids)
    making = Making(
        world,
        workflow.id,
        source,
        target,
        workflow.target,
        scope,
        workflow.given,
        workflow.creates_datastream,
        undo=workflow.undo,
    )
    fails = _chosen(directives, "partial_failure", [(thing.id, thing.name) for thing in scope.things])
    hides = _chosen(directives, "hidden_error", [(thing.id, thing.name) for thing in scope.things])

    def validate() -> None:
        _known_scope(source, workflow)
        dataset = workflow.given.dataset
        if dataset not in target.datasets:
            message = f"Dataset {dataset} does not exist in the target sandbox"
            raise StepError("Dataset validation failed", [entry("DATASET_NOT_FOUND", message, datasetName=dataset)])
        if not workflow.creates_datastream and target.enabled_datastream(dataset) is None:
            message = f"Dataset {dataset} does not belong to a datastream that is enabled for Journey Optimizer"
            error = entry("DATASTREAM_NOT_ENABLED", message, datasetName=dataset)
            raise StepError("Dataset validation failed", [error])
        if errors := unresolved(scope.needs, workflow.given, target):
            raise StepError("Dependency validation failed", errors)
        making.prepare()

    def make(index: int) -> None:
        thing = scope.things[index]
        flaw = getattr(thing, "flaw", "")
        if flaw or index == fails:
            message = flaw or INJECTED.format(kind=thing.kind, name=thing.name)
            error = entry("OBJECT_NOT_MIGRATED", message, sourceId=thing.id, sourceName=thing.name)
            raise StepError(f"Migration stopped at {thing.kind} {thing.name}", [error])
        if index == hides:
            making.pass_over(thing)
        else:
            making.make(thing)

    def finish() -> None:
        workflow.result = {"mappings": making.mappings, "warnings": making.warnings}
        if making.datastream_id:
            workflow.result["datastreamId"] = making.datastream_id

    return [validate, *(partial(make, index) for index in range(len(scope.things)))], finish


def _rollback(world: World, workflow: Workflow, directives: Sequence[Directive]) -> _Work:
    migration = world.workflows[workflow.migration_id]
    target = shelf_of(world, workflow.org_id, workflow.target)
    undone = list(reversed(migration.undo))
    names = [(one.made.id if one.made else "", one.name) for one in undone]
    fails, hides = _chosen(directives, "partial_failure", names), _chosen(directives, "hidden_error", names)
    warnings: list[dict[str, Any]] = []
    removed: list[str] = []

    def take(index: int) -> None:
        undo = undone[index]
        what = undo.made.type if undo.made else "datastream" if undo.datastream else "fields"
        reason = ""
        if index in (fails, hides):
            reason = f"{what} {undo.name} could not be removed".replace("  ", " ")
        reason = reason or take_back(target, undo)
        if index == fails:
            left = [entry("OBJECT_NOT_REMOVED", reason, id=undo.made.id if undo.made else undo.name)]
            raise StepError(f"Rollback stopped at {what} {undo.name}", left)
        if reason:
            warnings.append({"sourceId": undo.made.source_id if undo.made else "", "message": reason})
        elif undo.is_object:
            removed.append(undo.name)

    def finish() -> None:
        migration.rolled_back_by = workflow.id
        workflow.result = {
            "rolledBackWorkflowId": migration.id,
            "removed": len(removed),
            "warnings": warnings,
        }

    return [partial(take, index) for index in range(len(undone))], finish


def _chosen(directives: Sequence[Directive], name: str, things: Sequence[tuple[str, str]]) -> int | None:
    """Where a fault strikes: at the object that it names, or at the last one."""
    for directive in directives:
        if directive.name == name and things:
            named = str(directive.options.get("artifact", ""))
            places = (index for index, thing in enumerate(things) if named and named in thing)
            return next(places, len(things) - 1)
    return None


_WORK: dict[str, Callable[[World, Workflow, Sequence[Directive]], _Work]] = {
    "dependency": _analysis,
    "migration": _migration,
    "rollback": _rollback,
}

"""The Decisioning Migration Service: three kinds of workflows, in two dialects over one store.

Adobe, "Decisioning Migration API": the page has been rewritten three times, and clients exist for its first revision
(`/migration/service`) and for its latest one (`/workflows`).
"""

from collections.abc import Callable
from functools import partial

from emulator import gateway
from emulator.answers import Answer, RefusedError, refused_by_gateway
from emulator.calls import Call, Route, route
from emulator.decisioning_bodies import (
    R1,
    R4,
    Dialect,
    body_of,
    flag_of,
    given_of,
    ids_of,
    level_of,
    problem,
    sandbox_of,
    written,
)
from emulator.decisioning_workflows import Workflow, running, start
from emulator.submission import UNLISTED_S

# At the root as on both hosts, and below a prefix of its own, for clients with one base URL for each service.
PREFIXES = ("", "/decisioning")
BUSY = "A workflow is already in progress"


def let_in_r1(call: Call) -> None:
    gateway.let_in(call)


def let_in_r4(call: Call) -> None:
    """The gateway; the later revisions of the page no longer list x-api-key."""
    gateway.let_in(call, needs_key=False)


def unknown_route(call: Call, allowed: frozenset[str]) -> RefusedError:
    if allowed:
        return problem(405, f"Method {call.request.method} is not allowed here", {"Allow": ", ".join(sorted(allowed))})
    return problem(404, f"No resource at {call.request.path}")


# Creating


def _analyse(dialect: Dialect, call: Call) -> Answer:
    workflow = _requested(call, "dependency", body_of(call))
    about = {"source": workflow.source, "target": workflow.target, "level": workflow.level, "ids": list(workflow.ids)}
    return _create(call, workflow, dialect, "decisioning.analyse", **about)


def _migrate(dialect: Dialect, call: Call) -> Answer:
    body = body_of(call)
    workflow = _requested(call, "migration", body)
    workflow.given, workflow.creates_datastream = given_of(body), flag_of(body, "createDataStream")
    _require(call, workflow.target, "Decisioning", "write")
    given = workflow.given
    return _create(
        call,
        workflow,
        dialect,
        "decisioning.migrate",
        source=workflow.source,
        target=workflow.target,
        level=workflow.level,
        ids=list(workflow.ids),
        dataset=given.dataset,
        creates_datastream=workflow.creates_datastream,
        profile_attributes=dict(given.profile),
        context_attributes=dict(given.context),
        segments={key: list(pair) for key, pair in given.segments.items()},
    )


def _roll_back(dialect: Dialect, call: Call) -> Answer:
    if "workflow_id" in call.params:
        migration_id = call.params["workflow_id"]
    else:
        found = body_of(call).get("rollbackWorkflowId")
        if not isinstance(found, str) or not found:
            raise problem(400, "rollbackWorkflowId is required")
        migration_id = found
    migration = _known(call, "migration", migration_id)
    _require(call, migration.target, "Decisioning", "delete")
    workflow = _new(call, "rollback", migration.source, migration.target)
    workflow.migration_id = migration.id
    _refuse_if_busy(call)
    if migration.status != "Completed":
        raise problem(409, f"Migration {migration.id} is {migration.status}; only a completed one can be rolled back")
    if migration.rolled_back_by:
        raise problem(409, f"Migration {migration.id} was rolled back already by {migration.rolled_back_by}")
    if migration.target not in call.org.sandboxes:
        raise problem(409, f"Sandbox {migration.target} of migration {migration.id} does not exist any more")
    about = {"migration_id": migration.id, "source": migration.source, "target": migration.target}
    return _create(call, workflow, dialect, "decisioning.roll_back", **about)


def _requested(call: Call, kind: str, body: dict[str, object]) -> Workflow:
    """The workflow that a body asks for, if its caller may read the source."""
    if body.get("imsOrgId") != call.org.id:
        said = "is required" if body.get("imsOrgId") is None else "differs from the header x-gw-ims-org-id"
        raise problem(400, f"imsOrgId {said}")
    source = sandbox_of(call, body, "sourceSandboxDetails")
    target = sandbox_of(call, body, "targetSandboxDetails")
    workflow = _new(call, kind, source, target)
    workflow.level = level_of(call, body)
    workflow.ids = ids_of(body, workflow.level)
    _require(call, source, "DecisionManagement", "read")
    return workflow


def _new(call: Call, kind: str, source: str, target: str) -> Workflow:
    world = call.world
    return Workflow(
        world.uuid(), call.org.id, kind, source, target, world.now_ms(), created_by=call.caller.technical_account_id
    )


def _require(call: Call, sandbox: str, resource: str, right: str) -> None:
    if right in call.caller.missing_rights.get(sandbox, {}).get(resource, ()):
        raise problem(403, f"Missing permission {right} on {resource} in sandbox {sandbox}")


def _refuse_if_busy(call: Call) -> None:
    other = running(call.world, call.org.id)
    if other is not None:
        if not call.world.switches.decisioning_busy_with_id:
            raise problem(409, BUSY)
        raise problem(409, BUSY, workflowId=other.id)


def _create(call: Call, workflow: Workflow, dialect: Dialect, operation: str, **about: object) -> Answer:
    _refuse_if_busy(call)
    world = call.world
    start(world, workflow, call.directives)
    world.note(operation, call.org.id, workflow.id, **about)
    body = written(call, workflow, dialect)
    for directive in call.directives:
        if directive.name == "unnamed_job":
            del body["id"], body["_links"]
        elif directive.name == "unlisted_job":
            world.hide(workflow.id, float(directive.options.get("seconds", UNLISTED_S)))
    return Answer(body, world.switches.decisioning_created_status)


# Reading and deleting


def _known(call: Call, kind: str, workflow_id: str) -> Workflow:
    workflow = call.world.workflows.get(workflow_id)
    is_hidden = workflow_id in call.world.unlisted
    if workflow is None or is_hidden or (workflow.org_id, workflow.kind) != (call.org.id, kind):
        raise problem(404, f"No {kind} workflow {workflow_id}")
    return workflow


def _get(dialect: Dialect, kind: str, call: Call) -> Answer:
    return Answer(written(call, _known(call, kind, call.params["workflow_id"]), dialect))


def _delete(kind: str, call: Call) -> Answer:
    """Take the record away; what a migration made stays."""
    if not call.caller.is_service_user:
        raise refused_by_gateway("403025")
    workflow = _known(call, kind, call.params["workflow_id"])
    wanted = call.request.headers.get("If-Match")
    if wanted is None:
        raise problem(428, "If-Match header is required")
    if wanted.strip().strip('"') not in ("*", workflow.etag):
        raise problem(412, "If-Match does not equal the current _etag")
    if not workflow.is_over:
        raise problem(409, f"Workflow {workflow.id} is {workflow.status} and cannot be deleted yet")
    del call.world.workflows[workflow.id]
    call.world.note("decisioning.delete", call.org.id, workflow.id, kind=kind)
    return Answer(None, 204)


def _routes(dialect: Dialect) -> tuple[Route, ...]:
    made: list[Route] = []
    creators: dict[str, Callable[[Dialect, Call], Answer]] = {
        "dependency": _analyse,
        "migration": _migrate,
        "rollback": _roll_back,
    }
    for kind, last in dialect.paths.items():
        one = f"/{last}/{{workflow_id}}"
        is_by_path = dialect is R1 and kind == "rollback"
        made.append(route("POST", one if is_by_path else f"/{last}", partial(creators[kind], dialect)))
        made.append(route("GET", one, partial(_get, dialect, kind)))
        if dialect is R1:
            made.append(route("DELETE", one, partial(_delete, kind)))
    return tuple(made)


ROUTES = {R1: _routes(R1), R4: _routes(R4)}

"""Importing a package: conflicts, preflight, submission, and the slow work object by object."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from emulator import conflicts, kinds, permissions
from emulator.answers import Answer, refused_by_exim
from emulator.calls import Call, route
from emulator.packages import known_package, text_of
from emulator.submission import PENDING_S, answer_to, begin, new_import, unknown_status
from emulator.things import Credential, Job, Package, Ref, Sandbox, SandboxObject, Task
from emulator.world import World

TASK_S = 0.5
INJECTED_FAILURE = "Failed to create {type} in sandbox {sandbox}: the service that owns it did not answer"


@dataclass
class ImportRun:
    """What an import needs while it runs."""

    job: Job
    package: Package
    target: Sandbox
    credential: Credential
    alternatives: Mapping[str, Ref]
    content: Sequence[SandboxObject]
    fails: frozenset[Ref] = frozenset()
    hides: frozenset[Ref] = frozenset()
    stops_before: int | None = None
    ends_as: str = ""  # what a job that stops early says; nothing if it hangs
    overwrites: Mapping[str, Ref] = field(default_factory=dict)  # objects that an update changes
    new_refs: dict[Ref, Ref] = field(default_factory=dict)
    lost: set[Ref] = field(default_factory=set)  # failed, or not tried because of one that failed


def importable(call: Call, package: Package) -> Package:
    """Refuse what cannot be imported: Adobe's OpenAPI file names the status, expiry is the guide's."""
    if package.status != "PUBLISHED":
        raise refused_by_exim(400, f"Package {package.name} is {package.status}. It must be PUBLISHED to be imported")
    if package.expiry_ms <= call.world.now_ms():
        raise refused_by_exim(400, f"Package {package.name} has expired and cannot be imported")
    return package


def _target_named(call: Call, name: object) -> Sandbox:
    if not isinstance(name, str) or not name:
        raise refused_by_exim(400, "Missing required parameter targetSandbox")
    sandbox = call.org.sandboxes.get(name)
    if sandbox is None:
        raise refused_by_exim(400, f"Target sandbox {name} does not exist in organization {call.org.id}")
    return sandbox


def destination(call: Call, body: Mapping[str, Any]) -> Sandbox:
    value = body.get("destinationSandbox")
    if not isinstance(value, dict) or not value.get("name") or not value.get("imsOrgId"):
        raise refused_by_exim(400, "Attribute destinationSandbox needs a name and an imsOrgId")
    if value["imsOrgId"] != call.org.id:
        raise refused_by_exim(403, f"Destination sandbox does not belong to organization {call.org.id}")
    sandbox = _target_named(call, value["name"])
    if sandbox.state != "active":
        raise refused_by_exim(400, f"Target sandbox {sandbox.name} is {sandbox.state}. It must be active")
    return sandbox


def _conflicts(call: Call) -> Answer:
    package = known_package(call, call.params["package_id"])
    target = _target_named(call, call.args.get("targetSandbox"))
    content = call.world.content_of(importable(call, package))
    return Answer(conflicts.rows(package, content, target))


def _preflight(call: Call) -> Answer:
    package = known_package(call, call.params["package_id"])
    target = _target_named(call, call.args.get("targetSandbox"))
    content = call.world.content_of(importable(call, package))
    return Answer(permissions.preflight(package.id, content, call.caller, target.name))


def mapped_refs(
    body: Mapping[str, Any], name: str, content: Sequence[SandboxObject], target: Sandbox
) -> dict[str, Ref]:
    """Source ids and the objects of the target they are mapped to; every one must be there with its type."""
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise refused_by_exim(400, f"Attribute {name} must be a map of source ids to artifacts")
    types: dict[str, set[str]] = {}
    for thing in content:
        types.setdefault(thing.id, set()).add(thing.type)
    found: dict[str, Ref] = {}
    for source_id, chosen in value.items():
        ident, kind = (chosen.get("id"), chosen.get("type")) if isinstance(chosen, dict) else (None, None)
        if not isinstance(ident, str) or not isinstance(kind, str):
            raise refused_by_exim(400, f"The entry of {source_id} in {name} needs an id and a type")
        if source_id not in types:
            raise refused_by_exim(400, f"Artifact {source_id} is not part of the package")
        if kind not in types[source_id]:
            raise refused_by_exim(400, f"Artifact {source_id} cannot be mapped to an object of type {kind}")
        if (kind, ident) not in target.objects:
            raise refused_by_exim(400, f"{kind} {ident} does not exist in sandbox {target.name}")
        found[source_id] = (kind, ident)
    return found


def _import(call: Call) -> Answer:
    body = call.json_object()
    return _submit(call, body)


def import_of_path(call: Call) -> Answer:
    """A call that one public client makes, without a body; off unless a switch allows it."""
    if not call.world.switches.import_without_body:
        raise refused_by_exim(400, "Request body is missing. Submit the import at /packages/import")
    body = {
        "id": call.params["package_id"],
        "destinationSandbox": {"name": call.args.get("targetSandbox"), "imsOrgId": call.org.id},
    }
    return _submit(call, body)


def _submit(call: Call, body: dict[str, Any]) -> Answer:
    if not body.get("id"):
        raise refused_by_exim(400, "Missing required attribute id")
    package = importable(call, known_package(call, body["id"]))
    target = destination(call, body)
    name, description = text_of(body, "name"), text_of(body, "description")
    content = call.world.content_of(package)
    alternatives = mapped_refs(body, "alternatives", content, target)
    job = new_import(call.world, package, call.caller, target.name, name, description)
    run = ImportRun(job, package, target, call.caller, alternatives, content)
    direct(call, run)
    call.world.after(PENDING_S, partial(start, call.world, run))
    note(call, "import", run)
    return Answer(answer_to(call.world, job, package, call.directives), 202)


def note(call: Call, operation: str, run: ImportRun) -> None:
    job, package = run.job, run.package
    about = {"package_id": package.id, "name": job.name, "description": job.description, "target": run.target.name}
    call.world.note(operation, call.org.id, job.id, **about)


def direct(call: Call, run: ImportRun) -> None:
    """Let the faults of the submitting call decide about objects and the job."""
    for directive in call.directives:
        named = str(directive.options.get("artifact", ""))
        # The last object is the one on top: nothing depends on it, so the others still get their results.
        chosen = [one.ref for one in run.content if named in (one.id, one.title)] if named else []
        chosen = chosen or [one.ref for one in run.content if not one.is_standard][-1:]
        if directive.name == "partial_failure":
            run.fails |= frozenset(chosen)
        elif directive.name == "hidden_error":
            run.hides |= frozenset(chosen)
        elif directive.name == "stuck_job":
            run.stops_before = int(directive.options.get("after_tasks", len(run.content) // 2))
        elif directive.name == "unknown_status":
            run.job.shown_status = unknown_status([directive])
        elif directive.name == "job_failure":
            run.stops_before, run.ends_as = 0, "FAILED"
        elif directive.name == "job_cancelled":
            run.stops_before = int(directive.options.get("after_tasks", len(run.content) // 2))
            run.ends_as = "CANCELLED"


def start(world: World, run: ImportRun) -> None:
    begin(run.job)
    _next(world, run, 0)


def _next(world: World, run: ImportRun, index: int) -> None:
    if run.stops_before is not None and index >= run.stops_before:
        if run.ends_as:
            run.job.status, run.job.finished_ms = run.ends_as, world.current_ms()
        return
    if index < len(run.content):
        world.after(TASK_S, partial(_step, world, run, index), since=world.current_s)
        return
    run.job.status = "FAILED" if run.job.failed else "SUCCESS"
    run.job.finished_ms = world.current_ms()


def _step(world: World, run: ImportRun, index: int) -> None:
    thing = run.content[index]
    if any(child in run.lost for child in thing.children):
        run.lost.add(thing.ref)  # no task: the platform never came to it
    else:
        task = _import_object(world, run, thing)
        if task.status == "FAILED":
            run.job.failed.append(task)
            run.lost.add(thing.ref)
        else:
            run.job.completed.append(task)
    _next(world, run, index + 1)


def _import_object(world: World, run: ImportRun, thing: SandboxObject) -> Task:
    alternative = run.alternatives.get(thing.id)
    if alternative is not None and alternative[0] == thing.type:
        return _reuse(run, thing, alternative[1])
    overwritten = run.overwrites.get(thing.id)
    if overwritten is not None and overwritten[0] == thing.type:
        return _overwrite(run, thing, overwritten)
    if thing.flaw == "hidden_error" or thing.ref in run.hides:
        return Task(thing, "SUCCESS", "NO_CHANGE", _hidden_error(world, thing))
    if thing.is_standard:
        run.new_refs[thing.ref] = thing.ref
        return Task(thing, "SUCCESS", "NO_CHANGE", f"{thing.type} {thing.id} is a standard object and was not changed")
    reused = _same_object(run, thing)
    if reused is not None:
        return _reuse(run, thing, reused.id)
    if thing.type == kinds.MERGE_POLICY:
        return Task(thing, "FAILED", "ERROR", f"No {thing.type} to map to in sandbox {run.target.name}")
    if permissions.missing_rights(run.credential, run.target.name, thing.type):
        message = f"Missing permission to create {thing.type} in sandbox {run.target.name}"
        return Task(thing, "FAILED", "ERROR", message)
    if thing.flaw or thing.ref in run.fails:
        reason = thing.flaw or INJECTED_FAILURE.format(type=thing.type, sandbox=run.target.name)
        return Task(thing, "FAILED", "ERROR", reason)
    return _create(world, run, thing)


def _same_object(run: ImportRun, thing: SandboxObject) -> SandboxObject | None:
    """The object that the platform reuses whatever was asked for.

    Adobe's UI guide says that schemas, field groups and audiences of the same name are always reused; an entire
    sandbox creates everything new. Merge policies are only ever mapped, to the default one if need be.
    """
    same = run.target.titled(thing.type, thing.title)
    if thing.type == kinds.MERGE_POLICY:
        default = [one for one in run.target.objects.values() if one.type == thing.type and one.is_default]
        return next(iter([*same, *default]), None)
    if run.package.package_type == "PARTIAL" and thing.type in kinds.REUSED_BY_TITLE:
        return next(iter(same), None)
    return None


def _reuse(run: ImportRun, thing: SandboxObject, target_id: str) -> Task:
    _replace(run, thing, target_id)
    other = run.target.objects.get((thing.type, target_id))
    for mine, theirs in zip(thing.descriptors, other.descriptors if other else (), strict=False):
        _replace_helper(run, mine, theirs)
    message = f"{thing.type} was not created anew. Reused object id={target_id}"
    return Task(thing, "SUCCESS", "OBJECT_REUSED", message, new_id=target_id)


def _overwrite(run: ImportRun, thing: SandboxObject, ref: Ref) -> Task:
    """Give an object of the target what the package has."""
    if permissions.missing_rights(run.credential, run.target.name, thing.type):
        message = f"Missing permission to update {thing.type} in sandbox {run.target.name}"
        return Task(thing, "FAILED", "ERROR", message, task_type="PUT")
    old = run.target.objects[ref]
    run.target.replace(old, dataclasses.replace(old, title=thing.title, details=thing.details))
    _replace(run, thing, old.id)
    message = f"{thing.type} updated. Source id={thing.id}; Target id={old.id}"
    return Task(thing, "SUCCESS", "UPDATED", message, new_id=old.id, task_type="PUT")


def _create(world: World, run: ImportRun, thing: SandboxObject) -> Task:
    now_ms = world.current_ms()
    title = thing.title
    if title and run.target.titled(thing.type, title):
        title = f"{title}_{now_ms}"
    organization = world.organizations[run.job.org_id]
    new_id = kinds.new_id(world.random, thing.type, organization.tenant, title)
    while (thing.type, new_id) in run.target.objects:
        new_id = f"{new_id}{world.random.getrandbits(16):04x}"
    descriptors = tuple(kinds.new_id(world.random, kinds.DESCRIPTOR, "") for _ in thing.descriptors)
    children = tuple(run.new_refs[child] for child in thing.children if child in run.new_refs)
    run.target.add(
        dataclasses.replace(
            thing,
            id=new_id,
            title=title,
            created_ms=now_ms,
            children=children,
            descriptors=descriptors,
            origin=thing.lineage,
            is_default=False,
        )
    )
    _replace(run, thing, new_id)
    for mine, new in zip(thing.descriptors, descriptors, strict=True):
        _replace_helper(run, mine, new)
    message = f"{thing.type} created. Source id={thing.id}; Target id={new_id}"
    return Task(thing, "SUCCESS", "CREATED", message, new_id=new_id)


def _replace(run: ImportRun, thing: SandboxObject, target_id: str) -> None:
    run.new_refs[thing.ref] = (thing.type, target_id)
    run.job.replacements[thing.id] = target_id
    source_org, source_sandbox = run.job.source
    run.job.parents[thing.id] = "::".join((source_org, source_sandbox, thing.type, thing.lineage))


def _replace_helper(run: ImportRun, source_id: str, target_id: str) -> None:
    """Descriptors move with their schema and have no task of their own."""
    run.job.replacements[source_id] = target_id
    run.job.parents[source_id] = "::".join((*run.job.source, kinds.DESCRIPTOR, source_id))


def _hidden_error(world: World, thing: SandboxObject) -> str:
    """The HTTP 400 that a task reports as SUCCESS, in the words of a sample in an early text of Adobe's guide."""
    stamp = datetime.fromtimestamp(world.current_ms() / 1000, UTC).isoformat(timespec="milliseconds")
    title = "Namespace validation" if thing.type == kinds.NAMESPACE else "Object validation"
    description = f"Please provide a valid value of {title.split()[0].lower()} name"
    return json.dumps(
        {
            "timestamp": stamp.removesuffix("+00:00"),
            "status": 400,
            "error": "INVALID_REQUEST_PARAMS",
            "description": description,
            "type": f"http://ns.adobe.com/adobecloud/problem/{title.replace(' ', '').lower()}",
            "title": title,
            "report": {"code": "INVALID_REQUEST_PARAMS"},
        },
        separators=(",", ":"),
    )


ROUTES = (
    route("POST PUT", "/packages/import", _import),
    route("GET", "/packages/preflight/{package_id}", _preflight),
    route("GET", "/packages/preflight/{package_id}/export", _preflight),
    route("GET", "/packages/{package_id}/import", _conflicts),
)

"""Versions of published packages: compare, save, history, and imports that update objects."""

from collections.abc import Callable
from functools import partial
from typing import Any

from emulator import conflicts, differences, imports, kinds
from emulator.answers import Answer, refused_by_exim
from emulator.calls import Call, route
from emulator.clock import whole_second
from emulator.jobs import job_body
from emulator.packages import is_versionable, known_package, text_of
from emulator.submission import PENDING_S, new_job, unknown_status, unnamed_or_unlisted
from emulator.things import Job, Package, Sandbox, SandboxObject, base_title
from emulator.world import World

COMPARE_S = 2.0
SAVE_S = 3.0


def _versionable(call: Call) -> Package:
    package = known_package(call, call.params["package_id"])
    if not is_versionable(call.world, package):
        raise refused_by_exim(400, f"Package {package.name} is not VERSIONABLE")
    return package


def _offered(call: Call) -> None:
    """Refuse what this platform does not have: no versions at all, or not under this method."""
    switches = call.world.switches
    if not switches.versioning:
        raise refused_by_exim(404, f"No resource at {call.path}")
    if call.request.method not in switches.versioning_methods.upper().split():
        allow = {"Allow": ", ".join(sorted(switches.versioning_methods.upper().split()))}
        raise refused_by_exim(405, f"Method {call.request.method} is not allowed here", allow)


def _job(
    call: Call, package: Package, name: str, *, request_type: str, job_type: str, target: str, version: int
) -> Job:
    job = new_job(
        call.world,
        package,
        org_id=call.org.id,
        created_by=call.caller.technical_account_id,
        name=name,
        description=None,
        request_type=request_type,
        target=target,
        job_type=job_type,
        package_version=version,
    )
    if any(directive.name == "unknown_status" for directive in call.directives):
        job.shown_status = unknown_status(call.directives)
    return job


def _submitted(call: Call, job: Job) -> dict[str, Any]:
    return unnamed_or_unlisted(call, job_body(call, job) | {"schemaFieldMappings": None})


def _run(call: Call, job: Job, seconds: float, finish: Callable[[], None]) -> None:
    """Let the work of a version job end after a while, unless a fault wants another end."""
    names = {directive.name for directive in call.directives}
    if "stuck_job" in names:
        finish = partial(_stop, call.world, job, "IN_PROGRESS")
    elif "job_failure" in names:
        finish = partial(_stop, call.world, job, "FAILED")
    elif "job_cancelled" in names:
        finish = partial(_stop, call.world, job, "CANCELLED")
    call.world.after(seconds, finish)


def _stop(world: World, job: Job, status: str) -> None:
    job.status = status
    if job.is_finished:
        job.finished_ms = world.current_ms()


def _optional_body(call: Call) -> dict[str, Any]:
    return call.json_object() if call.request.get_data(cache=True) else {}


def _compare(call: Call) -> Answer:
    _offered(call)
    package = _versionable(call)
    body = _optional_body(call)
    name = text_of(body, "targetSandbox") or package.source_sandbox
    target = call.org.sandboxes.get(name)
    if target is None:
        raise refused_by_exim(400, f"Target sandbox {name} does not exist in organization {call.org.id}")
    job = None if body.get("triggerNew") is True else _latest_comparison(call, package, name)
    if job is None:
        job = _job(
            call,
            package,
            f"Compute Job Package: {package.id}",
            request_type="VERSION",
            job_type="COMPUTE",
            target=name,
            version=package.package_version,
        )
        job.status = "IN_PROGRESS"
        _run(call, job, COMPARE_S, partial(_finish_comparison, call.world, job, package, target))
        call.world.note("version.compare", call.org.id, job.id, package_id=package.id, target=name)
        shown = unnamed_or_unlisted(call, job_body(call, job))
    else:
        shown = job_body(call, job)
    if job.delta is not None:
        shown |= {"deltaPackageVersion": job.delta, "importReplacementMap": dict(job.replacements)}
    shown["schemaFieldMappings"] = None
    message = f"Job with ID: {job.id}"
    return Answer({"status": "OK", "type": "SUCCESS", "ajo": False, "message": message, "object": shown})


def _latest_comparison(call: Call, package: Package, target: str) -> Job | None:
    found = [
        job
        for job in call.world.jobs.values()
        if job.job_type == "COMPUTE" and job.package_id == package.id and job.target == (call.org.id, target)
    ]
    return found[-1] if found else None


def _finish_comparison(world: World, job: Job, package: Package, target: Sandbox) -> None:
    """What an update would change.

    In the sandbox that the package comes from: what was changed there since its latest version. In another one: what
    the package would change in the objects of the same name.
    """
    is_source = (job.org_id, target.name) == (package.source_org_id, package.source_sandbox)
    deltas = []
    for thing in world.content_of(package):
        if thing.type not in kinds.UPDATABLE:
            continue
        other = target.objects.get(thing.ref) if is_source else _counterpart(thing, target)
        if other is None:
            continue
        older, newer = (thing, other) if is_source else (other, thing)
        if not is_source:
            job.replacements[thing.id] = older.id
            job.replacements |= dict(zip(thing.descriptors, older.descriptors, strict=False))
        if changes := differences.between(older, newer):
            deltas.append({"sourceArtifact": _artifact(newer), "targetArtifact": _artifact(older), "changes": changes})
    job.delta = {
        "packageId": package.id,
        "currentVersion": package.package_version,
        "validated": False,
        "rootArtifacts": [
            {"id": artifact.id, "type": artifact.type, "found": False, "count": 0} for artifact in package.artifacts
        ],
        "eximGraphDelta": {"vertices": [], "pluginDeltas": deltas},
    }
    job.status, job.finished_ms = "SUCCESS", world.current_ms()


def _counterpart(thing: SandboxObject, target: Sandbox) -> SandboxObject | None:
    found = [
        other for other in conflicts.suggestions(thing, target) if base_title(other.title) == base_title(thing.title)
    ]
    return found[0] if found else None


def _artifact(thing: SandboxObject) -> dict[str, Any]:
    return {"id": thing.id, "type": thing.type, "found": False, "count": 0, "title": thing.title}


def _save(call: Call) -> Answer:
    _offered(call)
    package = _versionable(call)
    job = _job(
        call,
        package,
        f"Version Job Package: {package.id}",
        request_type="VERSION",
        job_type="UPGRADE",
        target=package.source_sandbox,
        version=package.package_version + 1,
    )
    _run(call, job, SAVE_S, partial(_finish_save, call.world, job, package))
    call.world.note("version.save", call.org.id, job.id, package_id=package.id)
    return Answer(_submitted(call, job))


def _finish_save(world: World, job: Job, package: Package) -> None:
    now_ms = world.current_ms()
    package.version += 1
    package.modified_ms, package.modified_by = now_ms, job.created_by
    package.content = None
    world.content_of(package)
    add_version(world, package, user=job.created_by, at_ms=now_ms)
    job.status, job.finished_ms = "SUCCESS", now_ms


def add_version(world: World, package: Package, *, user: str, at_ms: int) -> None:
    """The next entry of a package's history."""
    package.package_version += 1
    package.history.append(
        {
            "id": world.hex_id(),
            "version": 0,
            "createdDate": whole_second(at_ms),
            "modifiedDate": whole_second(at_ms),
            "createdBy": user,
            "modifiedBy": user,
            "imsOrgId": package.org_id,
            "packageVersion": package.package_version,
        }
    )


def _history(call: Call) -> Answer:
    _offered(call)
    package = known_package(call, call.params["package_id"])
    return Answer(list(reversed(package.history)))


def _update_objects(call: Call) -> Answer:
    body = _optional_body(call)
    if not body and call.request.method == "POST":
        return imports.import_of_path(call)
    _offered(call)
    package = imports.importable(call, _versionable(call))
    if body.get("id") not in (None, package.id):
        raise refused_by_exim(400, "Attribute id must be the package of the path")
    target = imports.destination(call, body)
    content = call.world.content_of(package)
    mapped = imports.mapped_refs(body, "overwriteMappings", content, target)
    job = _job(
        call,
        package,
        text_of(body, "name") or package.name,
        request_type="IMPORT",
        job_type="UPDATE",
        target=target.name,
        version=package.package_version,
    )
    job.description = text_of(body, "description") or package.description
    run = imports.ImportRun(job, package, target, call.caller, {}, content, overwrites=mapped)
    imports.direct(call, run)
    call.world.after(PENDING_S, partial(imports.start, call.world, run))
    imports.note(call, "import.update", run)
    return Answer(_submitted(call, job))


ROUTES = (
    route("POST PATCH GET", "/packages/{package_id}/version/compare", _compare),
    route("PATCH POST GET", "/packages/{package_id}/version/save", _save),
    route("GET PATCH POST", "/packages/{package_id}/history", _history),
    route("PATCH POST", "/packages/{package_id}/import", _update_objects),
)

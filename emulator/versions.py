"""Versions of published packages: compare, save, history, and imports that update objects."""

from functools import partial
from typing import Any

from emulator import conflicts, imports, kinds
from emulator.answers import Answer, refused_by_exim
from emulator.calls import Call, route
from emulator.clock import whole_second
from emulator.jobs import job_body
from emulator.packages import known_package, text_of
from emulator.submission import PENDING_S, new_job
from emulator.world import Job, Package, Sandbox, SandboxObject, World, base_title

COMPARE_S = 2.0
SAVE_S = 3.0


def _versionable(call: Call) -> Package:
    package = known_package(call, call.params["package_id"])
    if package.package_type != "PARTIAL" or package.status != "PUBLISHED":
        raise refused_by_exim(400, f"Package {package.name} is not VERSIONABLE: it must be PARTIAL and PUBLISHED")
    return package


def _job(
    call: Call, package: Package, name: str, *, request_type: str, job_type: str, target: str, version: int
) -> Job:
    return new_job(
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


def _optional_body(call: Call) -> dict[str, Any]:
    return call.json_object() if call.request.get_data(cache=True) else {}


def _compare(call: Call) -> Answer:
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
        call.world.after(COMPARE_S, partial(_finish_comparison, call.world, job, package, target))
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


def _counterpart(thing: SandboxObject, target: Sandbox) -> SandboxObject | None:
    found = [
        other for other in conflicts.suggestions(thing, target) if base_title(other.title) == base_title(thing.title)
    ]
    return found[0] if found else None


def _finish_comparison(world: World, job: Job, package: Package, target: Sandbox) -> None:
    deltas = []
    for thing in world.content_of(package):
        other = _counterpart(thing, target) if thing.type in kinds.UPDATABLE else None
        if other is None:
            continue
        job.replacements[thing.id] = other.id
        if other.title != thing.title:
            change = {"op": "replace", "path": "/title", "oldValue": other.title, "newValue": thing.title}
            deltas.append({"sourceArtifact": _artifact(thing), "targetArtifact": _artifact(other), "changes": [change]})
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


def _artifact(thing: SandboxObject) -> dict[str, Any]:
    return {"id": thing.id, "type": thing.type, "found": False, "count": 0, "title": thing.title}


def _save(call: Call) -> Answer:
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
    call.world.after(SAVE_S, partial(_finish_save, call.world, job, package))
    return Answer(job_body(call, job) | {"schemaFieldMappings": None})


def _finish_save(world: World, job: Job, package: Package) -> None:
    now_ms = world.current_ms()
    package.package_version += 1
    package.version += 1
    package.modified_ms, package.modified_by = now_ms, job.created_by
    package.content = None
    world.content_of(package)
    package.history.append(
        {
            "id": world.hex_id(),
            "version": 0,
            "createdDate": whole_second(now_ms),
            "modifiedDate": whole_second(now_ms),
            "createdBy": job.created_by,
            "modifiedBy": job.created_by,
            "imsOrgId": package.org_id,
            "packageVersion": package.package_version,
        }
    )
    job.status, job.finished_ms = "SUCCESS", now_ms


def _history(call: Call) -> Answer:
    package = known_package(call, call.params["package_id"])
    return Answer(list(reversed(package.history)))


def _update_objects(call: Call) -> Answer:
    body = _optional_body(call)
    if not body and call.request.method == "POST":
        return imports.import_of_path(call)
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
    call.world.after(PENDING_S, partial(imports.start, call.world, run))
    return Answer(job_body(call, job) | {"schemaFieldMappings": None})


ROUTES = (
    route("POST PATCH GET", "/packages/{package_id}/version/compare", _compare),
    route("PATCH POST GET", "/packages/{package_id}/version/save", _save),
    route("GET PATCH POST", "/packages/{package_id}/history", _history),
    route("PATCH POST", "/packages/{package_id}/import", _update_objects),
)

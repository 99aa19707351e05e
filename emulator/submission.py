"""What publishing, importing and versioning share: a job, and the answer that says it was submitted."""

from collections.abc import Sequence
from typing import Any

from emulator.calls import Call, Directive
from emulator.things import Credential, Job, Package
from emulator.world import World

PENDING_S = 0.3
UNKNOWN_STATUS = "QUARANTINED"
UNLISTED_S = 60.0


def new_job(
    world: World,
    package: Package,
    *,
    org_id: str,
    created_by: str,
    name: str,
    description: str | None,
    request_type: str,
    target: str | None = None,
    job_type: str = "NEW",
    package_version: int | None = None,
    created_ms: int | None = None,
) -> Job:
    """A pending job on a package, remembered."""
    job = Job(
        id=world.hex_id(),
        org_id=org_id,
        name=name,
        description=description,
        request_type=request_type,
        job_type=job_type,
        package_id=package.id,
        package_type=package.package_type,
        source=(package.source_org_id, package.source_sandbox),
        target=(org_id, target) if target else None,
        created_ms=world.now_ms() if created_ms is None else created_ms,
        created_by=created_by,
        correlation_id=world.uuid(),
        package_version=package_version,
    )
    world.jobs[job.id] = job
    return job


def new_import(
    world: World, package: Package, credential: Credential, target: str, name: str | None, description: str | None
) -> Job:
    """The job of an import; name and text default to the package's."""
    return new_job(
        world,
        package,
        org_id=credential.org_id,
        created_by=credential.technical_account_id,
        name=package.name if name is None else name,
        description=package.description if description is None else description,
        request_type="IMPORT",
        target=target,
    )


def begin(job: Job) -> None:
    job.status = "IN_PROGRESS"


def submitted(job: Job, package: Package) -> dict[str, Any]:
    """The answer to a publish or an import."""
    body: dict[str, Any] = {
        "name": job.name,
        "description": job.description,
        "visibility": "TENANT",
        "sourceSandbox": {"name": package.source_sandbox, "imsOrgId": package.source_org_id},
    }
    if job.target:
        body["destinationSandbox"] = {"name": job.target[1], "imsOrgId": job.target[0]}
    return body | {"type": package.package_type, "correlationId": job.correlation_id, "jobId": job.id}


def answer_to(world: World, job: Job, package: Package, directives: Sequence[Directive]) -> dict[str, Any]:
    """The answer to a publish or an import, and what faults do to it: no name for the job, or no trace of it yet."""
    body = submitted(job, package)
    for directive in directives:
        if directive.name == "unnamed_job":
            del body["jobId"]
        elif directive.name == "unlisted_job":
            world.hide(job.id, float(directive.options.get("seconds", UNLISTED_S)))
    return body


def unnamed_or_unlisted(call: Call, body: dict[str, Any]) -> dict[str, Any]:
    """What the same faults do to a new record: no id in the answer, or no trace of it anywhere yet."""
    shown = dict(body)
    for directive in call.directives:
        if directive.name == "unnamed_job":
            shown.pop("id", None)
        elif directive.name == "unlisted_job":
            call.world.hide(body["id"], float(directive.options.get("seconds", UNLISTED_S)))
    return shown


def unknown_status(directives: Sequence[Directive]) -> str:
    """The status that nobody has documented and a fault asks for."""
    return next((str(one.options["value"]) for one in directives if one.options.get("value")), UNKNOWN_STATUS)

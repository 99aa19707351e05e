"""The memory of the emulator as JSON, for whoever tests against it."""

import dataclasses
from typing import Any

from emulator.control_decisioning import decisioning_of, described
from emulator.control_snaplogic import snaplogic_of
from emulator.journey_things import Journey
from emulator.things import Job, Package, Sandbox, SandboxObject, Task
from emulator.world import World


def dump(world: World) -> dict[str, Any]:
    """Everything the world remembers but tokens and secrets."""
    return {
        "seed": world.seed,
        "now": world.now_ms(),
        "switches": dataclasses.asdict(world.switches),
        "organizations": [
            {
                "ims_org_id": organization.id,
                "name": organization.name,
                "region": organization.region,
                "sandboxes": [_sandbox(sandbox) for sandbox in organization.sandboxes.values()],
                "credentials": [
                    {"name": credential.name, "kind": credential.kind, "client_id": credential.client_id}
                    for credential in organization.credentials
                ],
            }
            for organization in world.organizations.values()
        ],
        "packages": [_package(package) for package in world.packages.values()],
        "jobs": [_job(job) for job in world.jobs.values()],
        "handshakes": list(world.handshakes.values()),
        "transfers": list(world.transfers.values()),
        "workflows": [described(workflow) for workflow in world.workflows.values()],
        "snaplogic": snaplogic_of(world),
    }


def _sandbox(sandbox: Sandbox) -> dict[str, Any]:
    return {
        "name": sandbox.name,
        "title": sandbox.title,
        "type": sandbox.type,
        "state": sandbox.state,
        "region": sandbox.region,
        "objects": [_object(thing) for thing in sandbox.objects.values()],
        "journeys": [_journey(journey) for journey in sandbox.shelf.journeys.values()],
        "decisioning": decisioning_of(sandbox),
    }


def _journey(journey: Journey) -> dict[str, Any]:
    """Without the documents, which may be large; of secrets, where they are and their digests."""
    return {
        "uid": journey.uid,
        "name": journey.latest.name,
        "versions": [
            {
                "uid": version.uid,
                "version": version.label,
                "state": version.state,
                "description": version.description,
                "created": version.created_ms,
                "modified": version.modified_ms,
                "errors": version.errors,
                "warnings": version.warnings,
                "secrets": version.secrets,
            }
            for version in journey.versions
        ],
    }


def _object(thing: SandboxObject) -> dict[str, Any]:
    return {
        "id": thing.id,
        "type": thing.type,
        "title": thing.title,
        "created": thing.created_ms,
        "origin": thing.lineage,
        "standard": thing.is_standard,
        "children": [{"type": kind, "id": ident} for kind, ident in thing.children],
    }


def _package(package: Package) -> dict[str, Any]:
    return {
        "id": package.id,
        "ims_org_id": package.org_id,
        "name": package.name,
        "status": package.status,
        "type": package.package_type,
        "visibility": package.visibility,
        "version": package.version,
        "package_version": package.package_version,
        "source": {"ims_org_id": package.source_org_id, "sandbox": package.source_sandbox},
        "expiry": package.expiry_ms,
        "artifacts": [dataclasses.asdict(artifact) for artifact in package.artifacts],
    }


def _task(task: Task) -> dict[str, Any]:
    return {
        "id": task.thing.id,
        "type": task.thing.type,
        "title": task.thing.title,
        "status": task.status,
        "message_status": task.message_status,
        "message": task.message,
        "new_id": task.new_id,
    }


def _job(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "ims_org_id": job.org_id,
        "name": job.name,
        "description": job.description,
        "request_type": job.request_type,
        "job_type": job.job_type,
        "status": job.status,
        "package_id": job.package_id,
        "target": job.target[1] if job.target else None,
        "created": job.created_ms,
        "created_by": job.created_by,
        "finished": job.finished_ms,
        "completed": [_task(task) for task in job.completed],
        "failed": [_task(task) for task in job.failed],
        "replacements": job.replacements,
    }

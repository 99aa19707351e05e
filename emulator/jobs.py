"""Jobs of sandbox tooling: the list, and the detail with every task."""

import base64
import hashlib
from typing import Any

from emulator import query
from emulator.answers import Answer, refused_by_exim
from emulator.calls import Call, route
from emulator.things import Job, Task

_FIELDS: query.Fields[Job] = {
    "id": query.Field(lambda job: job.id),
    "name": query.Field(lambda job: job.name),
    "requestType": query.Field(lambda job: job.request_type),
    "jobStatus": query.Field(lambda job: job.shown_status or job.status),
    "jobType": query.Field(lambda job: job.job_type),
    "packageType": query.Field(lambda job: job.package_type),
    "sourceSandbox": query.Field(lambda job: job.source[1]),
    "targetSandbox": query.Field(lambda job: job.target[1] if job.target else None),
    "created": query.Field(lambda job: job.created_ms, is_time=True),
    "updated": query.Field(lambda job: job.created_ms, is_time=True),
}
# The guide's own sample orders jobs by createdDate, a field their rows do not have.
_ALIASES = {
    "status": "jobStatus",
    "createddate": "created",
    "modifieddate": "updated",
    "modified": "updated",
    "sourcesandbox.name": "sourceSandbox",
    "targetsandbox.name": "targetSandbox",
}
_PLAIN = ("requestType", "jobStatus", "status", "jobType", "packageType", "targetSandbox")


def _row(job: Job) -> dict[str, Any]:
    """A row of the list: `updated` equals `created` in every published sample, finished jobs included."""
    row = {
        "id": job.id,
        "name": job.name,
        "updated": job.created_ms,
        "created": job.created_ms,
        "jobType": job.job_type,
        "packageType": job.package_type,
        "description": job.description,
        "jobStatus": job.shown_status or job.status,
        "visibility": "TENANT",
        "sourceSandBox": job.source[1],
        "targetSandbox": job.target[1] if job.target else None,
        "createdBy": job.created_by,
    }
    if job.target is None:
        del row["targetSandbox"]
    return row


def _list(call: Call) -> Answer:
    jobs = (job for job in call.world.jobs.values() if job.org_id == call.org.id and job.id not in call.world.unlisted)
    chosen = query.select(call, jobs, _FIELDS, plain=_PLAIN, default_order="-created", aliases=_ALIASES)
    return Answer(query.page_of(call, chosen, _row))


def sandbox_reference(call: Call, org_id: str, name: str) -> dict[str, Any]:
    """A sandbox as newer answers name it."""
    sandbox = call.world.sandbox(org_id, name)
    is_empty = sandbox is not None and all(thing.is_standard or thing.is_default for thing in sandbox.objects.values())
    return {"name": name, "imsOrgId": org_id, "empty": is_empty}


def _task(task: Task) -> dict[str, Any]:
    artifact: dict[str, Any] = {
        "id": task.thing.id,
        "type": task.thing.type,
        "found": False,
        "count": 0,
        "title": task.thing.title,
        "messages": [{"status": task.message_status, "attempt": 1, "message": task.message}],
    }
    if task.new_id is not None:
        artifact["newId"] = task.new_id
    return {"taskType": task.task_type, "taskStatus": task.status, "artifact": artifact}


def job_body(call: Call, job: Job) -> dict[str, Any]:
    """The object inside the envelope of a job's detail."""
    # Version jobs carry 0 for both times in every published sample.
    stamp = 0 if job.request_type == "VERSION" or job.job_type == "UPDATE" else job.created_ms
    body: dict[str, Any] = {
        "id": job.id,
        "name": job.name,
        "description": job.description,
        "visibility": "TENANT",
        "requestType": job.request_type,
        "expiry": 0,
        "snapshotId": job.package_id,
    }
    if job.package_version is not None:
        body["packageVersion"] = job.package_version
    body |= {
        "createdTimestamp": stamp,
        "modifiedTimestamp": stamp,
        "type": job.package_type,
        "jobStatus": job.shown_status or job.status,
        "jobType": job.job_type,
        "counter": 0,
        "imsOrgId": job.org_id,
    }
    if job.request_type != "VERSION" and job.job_type != "UPDATE":
        digest = hashlib.sha256(f"{job.id}:{job.package_id}".encode()).digest()
        body["jobHash"] = base64.b64encode(digest).decode()
    body["sourceSandbox"] = sandbox_reference(call, *job.source)
    if job.target:
        body["destinationSandbox"] = sandbox_reference(call, *job.target)
    return body


def job_detail(call: Call, job: Job) -> dict[str, Any]:
    body = job_body(call, job)
    if job.delta is not None:
        body["deltaPackageVersion"] = job.delta
    body["completedTasks"] = [_task(task) for task in job.completed]
    # Copies: the answer is written out after the lock is given back.
    body["importReplacementMap"] = dict(job.replacements)
    body["sourceParentArtifactMap"] = dict(job.parents)
    if job.failed:
        body["failedTasks"] = [_task(task) for task in job.failed]
    if job.package_version is not None:
        body["schemaFieldMappings"] = None
    return body


def _get(call: Call) -> Answer:
    job = call.world.jobs.get(call.params["job_id"].strip())
    if job is None or job.org_id != call.org.id or job.id in call.world.unlisted:
        raise refused_by_exim(404, f"Job with ID: {call.params['job_id']} not found")
    return Answer(
        {
            "status": "OK",
            "type": "SUCCESS",
            "message": f"Job with ID: {job.id} found",
            "object": job_detail(call, job),
        }
    )


ROUTES = (
    route("GET", "/packages/jobs", _list),
    route("GET", "/tools/job/{job_id}", _get),
)

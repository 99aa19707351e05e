"""The emulator's own doors, under /__emulator/: faults, latency, log, memory, clock, load."""

import dataclasses
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request

from emulator.answers import Answer
from emulator.faults import CONCERNS, Fault
from emulator.seeds import load
from emulator.world import Job, Package, Sandbox, SandboxObject, Switches, Task, World

if TYPE_CHECKING:
    from emulator.app import Emulator

PREFIX = "/__emulator"


class ControlError(Exception):
    """A sentence about what is wrong with a control call."""


def answer(app: "Emulator", request: Request, path: str) -> Answer:
    """Called with the world's lock held."""
    what = path.removeprefix(PREFIX).strip("/")
    noun, _, rest = what.partition("/")
    handler = _HANDLERS.get((request.method, noun))
    if handler is None:
        known = sorted(f"{method} {PREFIX}/{name}" for method, name in _HANDLERS)
        return Answer({"error": f"No control {request.method} {path}.", "controls": known}, 404)
    try:
        return handler(app, request, rest)
    except (ControlError, ValueError) as error:
        return Answer({"error": str(error)}, 400)


def _body(request: Request) -> dict[str, Any]:
    data = request.get_data(cache=True)
    if not data:
        return {}
    try:
        body = json.loads(data)
    except ValueError:
        raise ControlError("The body is not JSON.") from None
    if not isinstance(body, dict):
        raise ControlError("The body must be a JSON object.")
    return body


def _number(body: Mapping[str, Any], name: str, default: float | None = None) -> float:
    value = body.get(name, default)
    if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
        raise ControlError(f"The member {name} must be a number, 0 or more.")
    return float(value)


def _index(app: "Emulator", request: Request, rest: str) -> Answer:
    return Answer(
        {
            "seed": app.world.seed,
            "speed": app.world.clock.speed,
            "now": app.world.now_ms(),
            "controls": sorted(f"{method} {PREFIX}/{name}" for method, name in _HANDLERS),
            "faults": {fault.value: CONCERNS.get(fault, ("any",)) for fault in Fault},
        }
    )


def _arm(app: "Emulator", request: Request, rest: str) -> Answer:
    return Answer(app.faults.arm(_body(request)).describe(), 201)


def _armed(app: "Emulator", request: Request, rest: str) -> Answer:
    return Answer({"faults": app.faults.describe()})


def _disarm(app: "Emulator", request: Request, rest: str) -> Answer:
    if rest and not rest.isdigit():
        raise ControlError(f"{rest} is not the id of a fault.")
    dropped = app.faults.disarm(int(rest) if rest else None)
    app.release()
    return Answer({"dropped": dropped})


def _latency(app: "Emulator", request: Request, rest: str) -> Answer:
    body = _body(request)
    low = _number(body, "seconds", 0)
    app.latency = (low, max(low, _number(body, "at_most", low)))
    return Answer({"seconds": app.latency[0], "at_most": app.latency[1]})


def _requests(app: "Emulator", request: Request, rest: str) -> Answer:
    since = request.args.get("since", "0")
    if not since.isdigit():
        raise ControlError("The parameter since must be the number of an entry.")
    return Answer({"requests": app.log.since(int(since)), "last": app.log.last})


def _forget_requests(app: "Emulator", request: Request, rest: str) -> Answer:
    app.log.clear()
    return Answer({"last": app.log.last})


def _state(app: "Emulator", request: Request, rest: str) -> Answer:
    return Answer(dump(app.world))


def _reset(app: "Emulator", request: Request, rest: str) -> Answer:
    app.reset()
    return Answer({"seed": app.world.seed, "now": app.world.now_ms()})


def _clock(app: "Emulator", request: Request, rest: str) -> Answer:
    body = _body(request)
    if "speed" in body:
        app.world.clock.change_speed(_number(body, "speed"))
    app.world.clock.advance(_number(body, "advance_s", 0))
    app.world.settle()
    return Answer({"now": app.world.now_ms(), "speed": app.world.clock.speed})


def _switches(app: "Emulator", request: Request, rest: str) -> Answer:
    switches = app.world.switches
    known = {member.name: type(getattr(switches, member.name)) for member in dataclasses.fields(Switches)}
    body = _body(request)
    for name, value in body.items():
        if name not in known or type(value) is not known[name]:
            raise ControlError(f"Unknown switch or wrong type: {name}. Known: {', '.join(known)}.")
    for name, value in body.items():
        setattr(switches, name, value)
    return Answer(dataclasses.asdict(switches))


def _tokens(app: "Emulator", request: Request, rest: str) -> Answer:
    dropped = len(app.world.tokens)
    app.world.tokens.clear()
    return Answer({"dropped": dropped})


def _load(app: "Emulator", request: Request, rest: str) -> Answer:
    body = _body(request)
    org_id = str(body.get("ims_org_id") or next(iter(app.world.organizations), ""))
    if org_id not in app.world.organizations:
        raise ControlError(f"There is no organization {org_id}.")
    packages = load.add_packages(app.world, org_id, int(_number(body, "packages", 0)))
    jobs = load.add_running_jobs(app.world, org_id, int(_number(body, "jobs", 0)))
    return Answer({"packages": packages, "jobs": jobs}, 201)


Control = Callable[["Emulator", Request, str], Answer]
_HANDLERS: Mapping[tuple[str, str], Control] = {
    ("GET", ""): _index,
    ("POST", "faults"): _arm,
    ("GET", "faults"): _armed,
    ("DELETE", "faults"): _disarm,
    ("POST", "latency"): _latency,
    ("GET", "requests"): _requests,
    ("DELETE", "requests"): _forget_requests,
    ("GET", "state"): _state,
    ("POST", "reset"): _reset,
    ("POST", "clock"): _clock,
    ("GET", "switches"): _switches,
    ("POST", "switches"): _switches,
    ("DELETE", "tokens"): _tokens,
    ("POST", "load"): _load,
}


# The dump of the memory


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
    }


def _sandbox(sandbox: Sandbox) -> dict[str, Any]:
    return {
        "name": sandbox.name,
        "title": sandbox.title,
        "type": sandbox.type,
        "state": sandbox.state,
        "region": sandbox.region,
        "objects": [_object(thing) for thing in sandbox.objects.values()],
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

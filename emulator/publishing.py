"""Publishing a package: a GET that starts slow work."""

import re
from functools import partial

from emulator.answers import Answer, refused_by_exim
from emulator.calls import Call, route
from emulator.packages import DEFAULT_EXPIRY_MS, known_package
from emulator.submission import PENDING_S, answer_to, begin, new_job, unknown_status
from emulator.things import DAY_MS, Artifact, Job, Package, SandboxObject, Task
from emulator.world import World

SHORTEST_PUBLISH_S, LONGEST_PUBLISH_S = 2.0, 5.0


def _publish(call: Call) -> Answer:
    package = known_package(call, call.params["package_id"])
    if package.status not in ("DRAFT", "PUBLISH_FAILED"):
        raise refused_by_exim(400, f"Package {package.name} is {package.status} and cannot be published")
    text = call.args.get("expiryPeriod")
    if text and not re.fullmatch(r"[0-9]{1,6}", text):
        raise refused_by_exim(400, f"Invalid expiryPeriod {text}")
    if package.package_type == "PARTIAL" and not package.artifacts:
        raise refused_by_exim(400, f"Package {package.name} has no artifacts to publish")
    world = call.world
    job = new_job(
        world,
        package,
        org_id=call.org.id,
        created_by=call.caller.technical_account_id,
        name=package.name,
        description=package.description,
        request_type="EXPORT",
    )
    package.status = "PUBLISH_IN_PROGRESS"
    package.version += 1
    package.modified_ms = job.created_ms
    package.modified_by = job.created_by
    names = {directive.name for directive in call.directives}
    life_ms = int(text) * DAY_MS if text else DEFAULT_EXPIRY_MS
    world.after(PENDING_S, partial(begin, job))
    if "unknown_status" in names:
        job.shown_status = package.shown_status = unknown_status(call.directives)
    if "stuck_job" not in names:
        duration_s = world.random.uniform(SHORTEST_PUBLISH_S, LONGEST_PUBLISH_S)
        fails = bool(names & {"publish_failure", "partial_failure"})
        world.after(duration_s, partial(_finish_publish, world, job, package, life_ms, fails))
    world.note("package.publish", call.org.id, job.id, package_id=package.id, name=package.name)
    return Answer(answer_to(world, job, package, call.directives))


def _finish_publish(world: World, job: Job, package: Package, life_ms: int, fails: bool) -> None:
    source = world.sandbox(*job.source)
    known = source.objects if source else {}
    for artifact in package.artifacts:
        is_unknown = (artifact.type, artifact.id) not in known
        # Adobe, Sandbox tooling UI guide: all objects of a package come from one sandbox.
        is_elsewhere = is_unknown and _is_in_another_sandbox(world, package, artifact)
        if fails or is_elsewhere or (is_unknown and world.switches.refuse_unknown_artifacts):
            thing = SandboxObject(artifact.id, artifact.type, artifact.title or artifact.id, job.created_ms)
            reason = "not found" if is_unknown else "could not be read"
            message = f"{artifact.type} {artifact.id} {reason} in sandbox {package.source_sandbox}"
            job.failed.append(Task(thing, "FAILED", "ERROR", message))
    now_ms = world.current_ms()
    package.version += 1
    package.modified_ms = job.finished_ms = now_ms
    if job.failed or fails:
        package.status = "PUBLISH_FAILED"
        job.status = "FAILED"
        return
    package.status = "PUBLISHED"
    package.published_ms = now_ms
    package.expiry_ms = now_ms + life_ms
    job.status = "SUCCESS"
    world.content_of(package)


def _is_in_another_sandbox(world: World, package: Package, artifact: Artifact) -> bool:
    sandboxes = world.organizations[package.source_org_id].sandboxes.values()
    return any((artifact.type, artifact.id) in sandbox.objects for sandbox in sandboxes)


ROUTES = (route("GET", "/packages/{package_id}/export", _publish),)

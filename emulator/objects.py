"""Objects as sandbox tooling shows them: what a package's objects depend on, and what a sandbox holds."""

from emulator.answers import Answer, refused_by_exim
from emulator.calls import Call, route
from emulator.packages import artifacts_of, known_package
from emulator.things import SandboxObject
from emulator.world import dependencies_first


def _children(call: Call) -> Answer:
    body = call.json()
    package = known_package(call, call.params["package_id"])
    if not isinstance(body, list) or not body:
        raise refused_by_exim(400, "The body must be a list of artifacts")
    asked = artifacts_of({"artifacts": body})
    if package.status == "DRAFT":
        raise refused_by_exim(400, f"Package {package.name} is DRAFT and has no dependencies yet")
    by_ref = {thing.ref: thing for thing in call.world.content_of(package)}
    rows = []
    for artifact in asked:
        thing = by_ref.get((artifact.type, artifact.id))
        children = [by_ref[child] for child in thing.children if child in by_ref] if thing else []
        title = _title(thing) if thing else artifact.title or artifact.id
        rows.append(
            {
                "id": artifact.id,
                "title": title,
                "type": artifact.type,
                "children": [{"id": child.id, "title": _title(child), "type": child.type} for child in children],
            }
        )
    return Answer(rows, 201)


def _title(thing: SandboxObject) -> str:
    """A mapping set has no title of its own; the guide's sample shows its id instead."""
    return thing.title or thing.id


def _offered(call: Call) -> None:
    if not call.world.switches.list_artifacts:
        raise refused_by_exim(404, f"No resource at {call.path}")


def _list_artifacts(call: Call) -> Answer:
    """The withdrawn object picker, behind a switch."""
    _offered(call)
    kind = call.params["artifact_type"]
    objects = call.org.sandboxes[call.sandbox_name].objects.values()
    rows = [_named(one) for one in objects if one.type == kind]
    message = f"{len(rows)} Artifacts found for type {kind}"
    return Answer({"status": "OK", "type": "SUCCESS", "message": message, "object": rows})


def _dependencies(call: Call) -> Answer:
    """The withdrawn list of edges from objects to what they depend on, behind the same switch."""
    _offered(call)
    asked = artifacts_of(call.json_object())
    if not asked:
        raise refused_by_exim(400, "Attribute artifacts must be a list of artifacts")
    objects = call.org.sandboxes[call.sandbox_name].objects
    roots = [(artifact.type, artifact.id) for artifact in asked]
    edges: list[dict[str, object]] = []
    for thing in reversed(dependencies_first((objects[ref] for ref in roots if ref in objects), objects)):
        start = _named(thing) | {"found": True}
        children = [objects[child] for child in thing.children if child in objects]
        edges.extend(
            {"from": start, "to": _named(child) | {"found": False, "visibility": "tenant"}} for child in children
        )
        if not children:
            edges.append({"from": start, "to": None})
    return Answer({"status": "OK", "type": "SUCCESS", "message": "Artifact dependencies found", "object": edges})


def _named(thing: SandboxObject) -> dict[str, object]:
    return {"id": thing.id, "type": thing.type, "title": _title(thing)}


ROUTES = (
    route("POST", "/packages/{package_id}/children", _children),
    route("GET", "/tools/artifacts/{artifact_type}", _list_artifacts),
    route("POST", "/tools/artifacts/dependencies", _dependencies),
)

"""Controls for decisioning: many objects, datasets, what people do by hand, and workflows of somebody else."""

from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request

from emulator.answers import Answer
from emulator.calls import Directive
from emulator.control_bodies import ControlError, body_of, choice_of, flag_of, number_of
from emulator.control_sharing import organization_of
from emulator.decisioning_scope import Given, scope_of
from emulator.decisioning_things import Made, Needs, Offer, Thing
from emulator.decisioning_workflows import OVER, Workflow, end, running, start
from emulator.seeds.decisioning_maker import DecisioningMaker
from emulator.things import Organization, Sandbox
from emulator.world import World

if TYPE_CHECKING:
    from emulator.app import Emulator

MOST = 20_000
_PER_COLLECTION = 100


def show(app: "Emulator", request: Request, rest: str) -> Answer:
    """What a sandbox has, with the ids that requests name."""
    organization = organization_of(app.world, request.args.get("organization", "Acme"))
    return Answer(decisioning_of(_sandbox(organization, request.args.get("sandbox", "dev"))))


def add(app: "Emulator", request: Request, rest: str) -> Answer:
    """Many offers, decisions over them, attributes and segments; or, of one new object, another status."""
    body = body_of(request)
    if rest:
        return _change(app.world, rest, choice_of(body, "status", ("Draft", "Live", "Archived"), "Live"))
    organization = organization_of(app.world, body.get("organization"))
    sandbox = _sandbox(organization, str(body.get("sandbox", "dev")))
    counts = {name: int(number_of(body, name, 0)) for name in ("offers", "decisions", "attributes", "segments")}
    if max(counts.values()) > MOST:
        raise ControlError(f"At most {MOST} of each.")
    if counts["decisions"] and not counts["offers"]:
        raise ControlError("Decisions need offers to choose from.")
    maker = DecisioningMaker(app.world, organization.id, sandbox.name)
    first = 1 + sum(isinstance(one, Offer) for one in sandbox.decisioning.things.values())
    added = _add(maker, first, counts)
    return Answer({"ims_org_id": organization.id, "sandbox": sandbox.name} | added, 201)


def _add(maker: DecisioningMaker, first: int, counts: dict[str, int]) -> dict[str, Any]:
    """Attributes and segments are spread over the offers, those of which there are too many over the last one."""
    attributes = [f"_added.a{first}.attribute{at}" for at in range(counts["attributes"])]
    keys = [maker.segment(f"Added segment {first}-{at}") for at in range(counts["segments"])]
    maker.attributes(*attributes)
    if not counts["offers"]:
        return {"offers": [], "decisions": [], "attributes": attributes, "segments": keys}
    where = maker.placement(f"added place {first}")
    offers = []
    last = counts["offers"] - 1
    for at in range(counts["offers"]):
        own = slice(at, at + 1) if at < last else slice(at, None)
        needs = Needs(tuple(attributes[own]), segments=tuple(keys[own]))
        offers.append(maker.offer(f"Added offer {first + at:05d}", [(where, "JSON")], needs=needs))
    decisions = []
    for at in range(counts["decisions"]):
        begin = at * _PER_COLLECTION % len(offers)
        collection = maker.collection(f"Added choice {first}-{at}", offers[begin : begin + _PER_COLLECTION])
        decisions.append(
            maker.decision(f"Added decision {first}-{at}", {where.name: [(collection, None, None)]}, fallback=offers[0])
        )
    return {
        "offers": [one.id for one in offers],
        "decisions": [one.id for one in decisions],
        "attributes": attributes,
        "segments": keys,
    }


def _change(world: World, ident: str, status: str) -> Answer:
    for organization in world.organizations.values():
        for sandbox in organization.sandboxes.values():
            if made := sandbox.decisioning.made.get(ident):
                made.status = status
                return Answer({"id": made.id, "status": status})
    raise ControlError(f"There is no new object {ident}.")


def set_dataset(app: "Emulator", request: Request, rest: str) -> Answer:
    """A dataset of experience events: new, or with its datastreams enabled or not."""
    body = body_of(request)
    organization = organization_of(app.world, body.get("organization"))
    maker = DecisioningMaker(app.world, organization.id, _sandbox(organization, str(body.get("sandbox", "stage"))).name)
    name, is_enabled = body.get("name"), flag_of(body, "is_enabled", True)
    if not isinstance(name, str) or not name:
        raise ControlError("The member name must be a text.")
    streams = [one for one in maker.shelf.datastreams.values() if one.dataset == name]
    for stream in streams:
        stream.is_enabled = is_enabled
    if name not in maker.shelf.datasets or (is_enabled and not streams):
        maker.dataset(name, "_id", "timestamp", is_enabled=True if is_enabled else None)
    return Answer({"sandbox": maker.sandbox.name, "name": name, "is_enabled": is_enabled}, 201)


# Workflows


def start_or_end(app: "Emulator", request: Request, rest: str) -> Answer:
    """An analysis or migration that somebody outside starts; or, with an id in the path, the end of a known one."""
    body, world = body_of(request), app.world
    if rest:
        workflow = _known(world, rest)
        if workflow.is_over:
            raise ControlError(f"Workflow {rest} is {workflow.status} already.")
        workflow.error = str(body.get("error", ""))
        errors = body.get("errors", [])
        if not isinstance(errors, list):
            raise ControlError("The member errors must be a list.")
        workflow.errors = errors
        end(world, workflow, choice_of(body, "status", OVER, "Cancelled"))
        return Answer(described(workflow))
    organization = organization_of(world, body.get("organization"))
    if other := running(world, organization.id):
        raise ControlError(f"Workflow {other.id} of {organization.name} is {other.status}.")
    source = _sandbox(organization, str(body.get("source", "dev")))
    target = _sandbox(organization, str(body.get("target", "stage")))
    kind = choice_of(body, "kind", ("dependency", "migration"), "dependency")
    # A migration of no offers: it holds the place, ends well, and leaves nothing behind.
    workflow = Workflow(
        world.uuid(), organization.id, kind, source.name, target.name, world.now_ms(), organization.user_id
    )
    if kind == "migration":
        workflow.level = "offer"
        shelf = target.decisioning
        workflow.given = Given(dataset=next((name for name in shelf.datasets if shelf.enabled_datastream(name)), ""))
    seconds = number_of(body, "seconds", 60)
    directives = [Directive("stuck_job")] if flag_of(body, "is_endless", False) else []
    start(world, workflow, directives, seconds=seconds)
    return Answer(described(workflow), 201)


def forget(app: "Emulator", request: Request, rest: str) -> Answer:
    """Forget a workflow, whatever its state; what it made stays."""
    _known(app.world, rest)
    del app.world.workflows[rest]
    return Answer({"dropped": 1})


def _known(world: World, ident: str) -> Workflow:
    if ident not in world.workflows:
        raise ControlError(f"There is no workflow {ident}.")
    return world.workflows[ident]


def _sandbox(organization: Organization, name: str) -> Sandbox:
    sandbox = organization.sandboxes.get(name)
    if sandbox is None:
        raise ControlError(f"Organization {organization.name} has no sandbox {name}.")
    return sandbox


# As the dump shows them


def decisioning_of(sandbox: Sandbox) -> dict[str, Any]:
    """Old and new objects of a sandbox, and what is around them."""
    shelf = sandbox.decisioning
    return {
        "decision_management": [_thing(thing) for thing in shelf.things.values()],
        "decisioning": [_made(made) for made in shelf.made.values()],
        "datasets": [
            {
                "name": dataset.name,
                "fields": sorted(dataset.fields),
                "custom_context_attributes": sorted(dataset.added),
                "is_enabled": shelf.enabled_datastream(dataset.name) is not None,
            }
            for dataset in shelf.datasets.values()
        ],
        "datastreams": [
            {"id": one.id, "name": one.name, "dataset": one.dataset, "is_enabled": one.is_enabled}
            for one in shelf.datastreams.values()
        ],
        "profile_attributes": sorted(shelf.profile_attributes),
        "segments": dict(shelf.segments),
        "needs": _needs(scope_of(shelf, "sandbox", ()).needs),
    }


def _needs(needs: Needs) -> dict[str, Any]:
    return {"profile": list(needs.profile), "context": list(needs.context), "segments": list(needs.segments)}


def _thing(thing: Thing) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": thing.id, "kind": thing.kind, "name": thing.name}
    if isinstance(thing, Offer):
        shown["contents"] = sorted({content.type for content in thing.contents})
    return shown


def _made(made: Made) -> dict[str, Any]:
    return {
        "id": made.id,
        "type": made.type,
        "name": made.name,
        "status": made.status,
        "source_id": made.source_id,
        "workflow_id": made.workflow_id,
        "uses": list(made.uses),
        "details": made.details,
    }


def described(workflow: Workflow) -> dict[str, Any]:
    """A workflow as the dump shows it."""
    return {
        "id": workflow.id,
        "ims_org_id": workflow.org_id,
        "kind": workflow.kind,
        "source": workflow.source,
        "target": workflow.target,
        "level": workflow.level,
        "ids": list(workflow.ids),
        "status": workflow.status,
        "etag": workflow.etag,
        "created": workflow.created_ms,
        "created_by": workflow.created_by,
        "finished": workflow.finished_ms,
        "migration_id": workflow.migration_id,
        "rolled_back_by": workflow.rolled_back_by,
        "errors": workflow.errors,
    }

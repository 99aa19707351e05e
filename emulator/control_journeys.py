"""Controls for journeys: add some of any size, let one go on to another state or version, take one away."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request

from emulator.answers import Answer
from emulator.control_bodies import ControlError, body_of, choice_of, flag_of, names_of, number_of
from emulator.control_sharing import organization_of
from emulator.journey_things import PLACEHOLDER, STATES, Journey, JourneyVersion
from emulator.seeds.journey_maker import Action, JourneyMaker, Step, basic
from emulator.things import Organization, Sandbox
from emulator.world import World

if TYPE_CHECKING:
    from emulator.app import Emulator

MOST_BYTES = 64 * 2**20
MOST_LEVELS = 900  # what json can write out within a request
EVENT, SCHEMA = "addedEvent", "Added journey events"
_INVALID = {"errorCode": "ERR_STEP_EMPTY", "error": "A step has no content"}


def add_journeys(app: "Emulator", request: Request, rest: str) -> Answer:
    """Valid journeys by their names; or let a known one change, if its uid is in the path."""
    body = body_of(request)
    if rest:
        return _change(app.world, rest, body)
    organization = organization_of(app.world, body.get("organization"))
    sandbox = _sandbox(organization, str(body.get("sandbox", "dev")))
    names, versions = names_of(body), int(number_of(body, "versions", 1))
    secrets, nodes = int(number_of(body, "secrets", 1)), int(number_of(body, "nodes", 3))
    size, depth = int(number_of(body, "bytes", 0)), int(number_of(body, "depth", 0))
    state, is_valid = choice_of(body, "state", STATES, "live"), flag_of(body, "is_valid", True)
    if size > MOST_BYTES or depth > MOST_LEVELS:
        raise ControlError(f"At most {MOST_BYTES} bytes and {MOST_LEVELS} levels.")
    if not 1 <= versions <= 20 or secrets > 1000 or not 3 <= nodes <= 10_000:
        raise ControlError("From 1 to 20 versions, from 3 to 10,000 nodes, and at most 1,000 secrets.")
    taken = {journey.latest.name for journey in sandbox.shelf.journeys.values()}
    if known := taken & set(names):
        raise ControlError(f"Sandbox {sandbox.name} has a journey {min(known)} already.")
    for name in organization.sandboxes:
        JourneyMaker(app.world, organization.id, name).know(events={EVENT: SCHEMA})
    maker = JourneyMaker(app.world, organization.id, sandbox.name)
    actions = [
        Action(f"addedAction{at}", f"https://a{at}.example.test", basic("robot")) for at in range(1, secrets + 1)
    ]
    actions = actions or [Action("addedAction1", "https://a1.example.test")]
    maker.know(events={EVENT: SCHEMA}, actions=actions)
    added = []
    for name in names:
        for number in range(1, versions + 1):
            version = maker.version(
                name,
                number,
                _steps(max(nodes, secrets + 2), [action.name for action in actions]),
                state=state if number == versions else "closed",
                description=f"{name}, added",
                events=[EVENT],
                age=1 / number,
                errors=() if is_valid else [(_INVALID["errorCode"], _INVALID["error"])],
            )
            _deepen(version.document, depth, is_secret=bool(secrets))
            _enlarge(version.document, size)
        added.append({"uid": version.journey_uid, "name": name, "version_uid": version.uid})
    return Answer({"ims_org_id": organization.id, "sandbox": sandbox.name, "journeys": added}, 201)


def remove_journey(app: "Emulator", request: Request, rest: str) -> Answer:
    sandbox, journey = _known(app.world, rest)
    sandbox.shelf.remove(journey)
    return Answer({"uid": journey.uid})


def _change(world: World, uid: str, body: Mapping[str, Any]) -> Answer:
    """What people do in the designer: publish or stop, begin a new version, break one or put it right."""
    sandbox, journey = _known(world, uid)
    latest = journey.latest
    if flag_of(body, "new_version", False):
        if latest.state == "live":
            latest.state = "closed"
        number, now_ms = latest.number + 1, world.now_ms()
        latest = sandbox.shelf.add(
            JourneyVersion(
                uid=world.uuid(),
                journey_uid=uid,
                number=number,
                name=latest.name,
                description=latest.description,
                state="draft",
                document=json.loads(json.dumps(latest.document)),
                created_ms=now_ms,
                created_by=latest.modified_by,
                modified_ms=now_ms,
                modified_by=latest.modified_by,
                errors=list(latest.errors),
            )
        )
    if "state" in body:
        latest.state, latest.shown_state = choice_of(body, "state", STATES), ""
        latest.modified_ms = world.now_ms()
        if latest.state == "live":
            latest.deployed_ms = world.now_ms()
    if "is_valid" in body:
        latest.errors = [] if flag_of(body, "is_valid", True) else [dict(_INVALID)]
    return Answer({"uid": uid, "version_uid": latest.uid, "version": latest.label, "state": latest.authoring_state})


def _sandbox(organization: Organization, name: str) -> Sandbox:
    sandbox = organization.sandboxes.get(name)
    if sandbox is None:
        raise ControlError(f"Organization {organization.name} has no sandbox {name}.")
    return sandbox


def _known(world: World, uid: str) -> tuple[Sandbox, Journey]:
    for organization in world.organizations.values():
        for sandbox in organization.sandboxes.values():
            if journey := sandbox.shelf.journeys.get(uid):
                return sandbox, journey
    raise ControlError(f"There is no journey {uid}.")


def _steps(nodes: int, actions: list[str]) -> list[Step]:
    """A start, an end, and between them the custom actions in turn."""
    keys = ["start", *(f"action{at}" for at in range(1, nodes - 1)), "end"]
    steps = [Step("start", "start", "Start", (("", keys[1], f"event:{EVENT}"),))]
    for at in range(1, nodes - 1):
        following = (("", keys[at + 1], ""),)
        steps.append(Step(keys[at], "action", f"Step {at}", following, action=actions[(at - 1) % len(actions)]))
    return [*steps, Step("end", "end", "End")]


def _deepen(document: dict[str, Any], depth: int, *, is_secret: bool) -> None:
    """Nest objects in the body of a custom action, until the document has so many levels."""
    inner: dict[str, Any] = {"token": PLACEHOLDER} if is_secret else {"kind": "innermost"}
    for _ in range(depth - 4):
        inner = {"inner": inner}
    if depth > 4 and document["customActions"]:
        document["customActions"][0]["body"] = inner


def _enlarge(document: dict[str, Any], size: int) -> None:
    """Add notes of the designer, until the document has at least so many bytes."""
    missing = size - len(json.dumps(document))
    note = "What was agreed on in the meeting of the week. " * 20
    notes: list[dict[str, Any]] = []
    while missing > 0:
        entry = {"id": len(notes) + 1, "text": note, "x": 1.5, "isOpen": False}
        missing -= len(json.dumps(entry)) + 2
        notes.append(entry)
    if notes:
        document["journey"]["ui"]["notes"] = notes

"""What stands in the way: of an import as a whole, and of publishing what was imported."""

from collections.abc import Iterator, Mapping
from typing import Any

from emulator import kinds
from emulator.journey_secrets import owner_of
from emulator.journey_things import GROUPS, SYSTEM_NAMES, is_system, objects_of, placeholders_in
from emulator.journey_trees import objects_in, steps_of, texts_in
from emulator.things import Sandbox

_REFERENCES = {"eventId": "event", "elementRef": "custom action"}


class PayloadError(Exception):
    """Why a document cannot be imported, as it follows "can't import journey version: "."""


def check(document: Mapping[str, Any]) -> None:
    """Raises PayloadError for a document that is no export, or whose secrets are not all filled in."""
    journey = document.get("journey")
    if not isinstance(journey, dict):
        raise PayloadError("invalid payload, there is no journey")
    if not isinstance(journey.get("name"), str) or not journey["name"].strip():
        raise PayloadError("invalid payload, the journey has no name")
    for group in GROUPS:
        things = document.get(group, [])
        if not isinstance(things, list) or not all(isinstance(one, dict) for one in things):
            raise PayloadError(f"invalid payload, {group} is no list of objects")
        for thing in things:
            if not all(isinstance(thing.get(member), str) and thing[member] for member in ("uid", "name")):
                raise PayloadError(f"invalid payload, a {GROUPS[group]} has no uid or no name")
    _check_steps(journey, _known(document))
    for spot in placeholders_in(document):
        owner = owner_of(document, steps_of(spot.trail))
        raise PayloadError(f"secret placeholder found in {owner}")


def _known(document: Mapping[str, Any]) -> set[str]:
    return {str(thing.get("uid")) for _, thing in objects_of(document)} | SYSTEM_NAMES


def _check_steps(journey: Mapping[str, Any], known: set[str]) -> None:
    steps = journey.get("steps")
    if not isinstance(steps, list) or not steps or not all(isinstance(step, dict) for step in steps):
        raise PayloadError("invalid payload, the journey has no steps")
    uids = {step.get("uid") for step in steps if isinstance(step.get("uid"), str)}
    if journey.get("initialStep") not in uids:
        raise PayloadError("invalid payload, the initial step is not among the steps")
    for step in steps:
        name = step.get("nodeName") or step.get("uid")
        for transition in _entries(step, "transitions"):
            if transition.get("targetStep") not in (None, *uids):
                raise PayloadError(f"invalid payload, step {name} leads to an unknown step")
            if transition.get("eventId") not in (None, *known):
                raise PayloadError(f"invalid payload, step {name} waits for an unknown event")
        action = step.get("action")
        reference = action.get("elementRef") if isinstance(action, dict) else None
        if isinstance(reference, dict) and reference.get("uid") not in (None, *known):
            raise PayloadError(f"invalid payload, step {name} calls an unknown custom action")


def _entries(step: Mapping[str, Any], member: str) -> Iterator[dict[str, Any]]:
    entries = step.get(member)
    return (one for one in entries if isinstance(one, dict)) if isinstance(entries, list) else iter(())


Problems = tuple[list[dict[str, Any]], list[dict[str, Any]]]


def problems_of(document: Mapping[str, Any], sandbox: Sandbox, *, is_doomed: bool = False) -> Problems:
    """Errors and warnings of the designer: schemas, templates and mobile apps that this sandbox does not have."""
    errors = [
        {"errorCode": "ERR_EVENT_XDM", "error": f"Event {name}: the XDM schema {schema} is unknown in this sandbox"}
        for name, schema in _schemas(document)
        if (kinds.SCHEMA, schema) not in sandbox.objects
    ]
    if is_doomed:
        errors.append({"errorCode": "ERR_JOURNEY_VALIDATION", "error": "The journey could not be validated"})
    shelf = sandbox.shelf
    warnings = [
        {"warningCode": code, "warning": f"The {word} {name} is unknown in this sandbox", "scope": "journey"}
        for code, word, member, known in (
            ("WARN_TEMPLATE", "template", "template", shelf.templates),
            ("WARN_MOBILE_APP", "mobile app", "mobileApp", shelf.mobile_apps),
        )
        for name in _named(document["journey"], member)
        if name not in known
    ]
    return errors, warnings


def _schemas(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The schema ids below the node xdmEntity of each event, each once."""
    found: dict[tuple[str, str], None] = {}
    for group, thing in objects_of(document):
        if group != "events" or is_system(thing):
            continue
        for holder in objects_in(thing.get("xdmEntity")):
            reference = holder.get("schemaRef")
            if isinstance(reference, dict) and isinstance(reference.get("id"), str):
                found[str(thing.get("name")), reference["id"]] = None
    return list(found)


def _named(journey: Any, member: str) -> list[str]:
    """Names of templates or mobile apps, written as an object with a name or as `<member>Name`."""
    found: dict[str, None] = {}
    for spot in texts_in(journey):
        is_object = spot.key == "name" and spot.trail is not None and _above(spot.trail) == member
        if is_object or spot.key == f"{member}Name":
            found[spot.text] = None
    return list(found)


def _above(trail: Any) -> str:
    above = trail[0]
    return above[1] if above else ""

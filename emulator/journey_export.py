"""Reading versions: the latest one of a journey, and the export of any."""

import json
from typing import Any

from emulator.answers import Answer
from emulator.calls import Call, route
from emulator.journey_things import GROUPS, is_system
from emulator.journey_trees import texts_in
from emulator.journeys import can_deploy, definition_of, is_shown, refused, shelf_of, version_of

# What the first revision of Adobe's page called what the later ones call otherwise.
_FORMER_NAMES = {"acppsDataPack": "acppsFieldGroup"}


def _latest(call: Call) -> Answer:
    journey = shelf_of(call).journeys.get(call.params["uid"])
    if journey is None or not is_shown(call, journey):
        raise refused(call, 404, 1452, "journey not found", where="JourneyService:88")
    version = journey.latest
    shown = definition_of(call, version)
    if version.errors or version.warnings:
        shown["canDeploy"] = can_deploy(version)
    return Answer({"result": shown})


def _export(call: Call) -> Answer:
    version = version_of(call, call.params["uid"])
    if version.errors:
        raise refused(call, 500, 1324, f"can't export journey version: {version.uid}")
    switches = call.world.switches
    document = {**version.document, "journey": definition_of(call, version)}
    if switches.journey_builtin_revision == 1:
        document = _without_system(document)
    return Answer({"result": document} if switches.journey_export_in_result else document)


def _without_system(document: dict[str, Any]) -> dict[str, Any]:
    """As the first revision of Adobe's page tells it: such objects are never exported, and have their former names."""
    document |= {
        group: [thing for thing in document[group] if not is_system(thing)] for group in GROUPS if group in document
    }
    copied: dict[str, Any] = json.loads(json.dumps(document))
    for spot in texts_in(copied):
        if spot.text in _FORMER_NAMES:
            spot.put(_FORMER_NAMES[spot.text])
    return copied


ROUTES = (
    route("GET", "/journeys/{uid}/latest", _latest),
    route("GET", "/journeyVersions/{uid}/export", _export),
)

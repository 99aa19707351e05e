"""The Journey service: the older routes that export and import, and the newer ones that only read.

Adobe never said whether the older routes moved with their neighbours, so they answer under both prefixes.
"""

import datetime
import json
import uuid
from typing import Any

from emulator import gateway
from emulator.answers import Answer, RefusedError
from emulator.calls import Call
from emulator.journey_things import Journey, JourneyShelf, JourneyVersion
from emulator.things import Sandbox
from emulator.world import stable_hex

AUTHORING_PREFIXES = ("/authoring", "/journey/orchestration")
RETRIEVE_PREFIX = "/ajo"
_REQUEST_ID_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
HTML = "text/html"
_NOT_FOUND = "<!DOCTYPE html><html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1></body></html>"


def unknown_route(call: Call, allowed: frozenset[str]) -> RefusedError:
    """Routes that do not exist are the gateway's to refuse, with a page; a JSON 404 means an unknown uid."""
    if allowed:
        return RefusedError(Answer(_NOT_FOUND.replace("404 Not Found", "405 Method Not Allowed"), 405, mimetype=HTML))
    return RefusedError(Answer(_NOT_FOUND, 404, mimetype=HTML))


def let_in(call: Call) -> None:
    """The gateway, and the newer API only where the organization has it."""
    gateway.let_in(call)
    if call.request.path.strip("/").startswith("ajo") and not call.world.switches.journey_retrieve:
        raise unknown_route(call, frozenset())


def refused(
    call: Call, status: int, code: int, message: str, *, where: str = "JourneyVersionService:412", family: str = ""
) -> RefusedError:
    """The envelope of the Journey service, which the later examples write with `error` as a text."""
    sandbox = call.sandbox_name or "prod"
    error: Any = {
        "code": code,
        "family": family or "INPUT_OUTPUT_ERROR",
        "message": message,
        "service": "vyg-authoring-api",
        "version": "ce5cac3",
        "context": f"com.adobe.voyager.service.authoring.restapis.v1_0.{where}",
        "schema": f"{call.org.id}_{sandbox}_journeyVersions",
    }
    if call.world.switches.journey_error_as_text:
        error = json.dumps(error)
    request_id = "".join(call.world.random.choices(_REQUEST_ID_CHARACTERS, k=32))
    return RefusedError(Answer({"status": status, "error": error, "requestId": request_id}, status))


def internal_error(call: Call) -> RefusedError:
    return refused(call, 500, 4000, "INTERNAL ERROR", where="AuthoringFilter:77", family="INTERNAL_ERROR")


def sandbox_of(call: Call) -> Sandbox:
    """The sandbox of a call; without its header production, in strict mode a refusal."""
    name = call.request.headers.get("x-sandbox-name") or ""
    if not name:
        if call.world.switches.journey_sandbox_header_required:
            raise refused(call, 400, 1451, "Missing header x-sandbox-name", where="AuthoringFilter:61")
        default = call.org.default_sandbox
        name = default.name if default else "prod"
    call.sandbox_name = name
    sandbox = call.org.sandboxes.get(name)
    if sandbox is None:
        raise internal_error(call)
    return sandbox


def shelf_of(call: Call) -> JourneyShelf:
    return sandbox_of(call).shelf


def is_shown(call: Call, journey: Journey) -> bool:
    return journey.uid not in call.world.unlisted


def version_of(call: Call, uid: str) -> JourneyVersion:
    """A version by its uid in the sandbox of the call."""
    version = shelf_of(call).versions.get(uid)
    if version is None or version.journey_uid in call.world.unlisted:
        raise refused(call, 404, 1452, "journey version not found", where="JourneyVersionService:96")
    return version


# How the service writes a version


def sandbox_id_of(org_id: str, sandbox: str) -> str:
    return str(uuid.UUID(stable_hex(org_id, sandbox, "sandbox id"), version=4))


def stamp(call: Call, epoch_ms: int) -> Any:
    """ISO with microseconds, as in the published samples; milliseconds of the epoch, as seen on other routes."""
    if call.world.switches.journey_epoch_times:
        return epoch_ms
    return datetime.datetime.fromtimestamp(epoch_ms / 1000, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def metadata_of(call: Call, first: JourneyVersion, last: JourneyVersion) -> dict[str, Any]:
    """Who and when, of a journey from its first to its last version, or of one version."""
    found: dict[str, Any] = {}
    for prefix, person, moment in (
        ("created", first.created_by, first.created_ms),
        ("lastModified", last.modified_by, last.modified_ms),
        ("lastDeployed", last.modified_by, last.deployed_ms),
    ):
        if moment is not None:
            found[f"{prefix}By"], found[f"{prefix}ById"] = person
            found[f"{prefix}At"] = stamp(call, moment)
    return found


def definition_of(call: Call, version: JourneyVersion) -> dict[str, Any]:
    """The version itself, without the objects that it uses."""
    sandbox_id = sandbox_id_of(call.org.id, call.sandbox_name)
    shown: dict[str, Any] = {
        "_id": f"{version.uid}_{sandbox_id}",
        "uid": version.uid,
        "journey": version.journey_uid,
        "name": version.name,
        "description": version.description,
        "journeyVersion": version.label,
        "authoringFormatVersion": "1.0",
        "state": version.authoring_state,
        "reviewState": "inReview" if version.state == "in_review" else None,
        "orgId": call.org.id,
        "sandboxName": call.sandbox_name,
        "sandboxId": sandbox_id,
    }
    shown = {name: value for name, value in shown.items() if value is not None}
    own = version.document["journey"]
    return (
        shown
        | {name: value for name, value in own.items() if name not in OF_THE_SERVICE}
        | {"metadata": metadata_of(call, version, version)}
    )


# Members of a journey that the service fills in, whatever a payload says.
OF_THE_SERVICE = frozenset(
    {
        "_id",
        "uid",
        "journey",
        "name",
        "description",
        "journeyVersion",
        "state",
        "reviewState",
        "orgId",
        "sandboxName",
        "sandboxId",
        "metadata",
        "canDeploy",
    }
)


def can_deploy(version: JourneyVersion) -> dict[str, Any]:
    """Whether the version may be published, in the words of the designer."""
    if not version.errors:
        warnings: dict[str, Any] = {"warnings": version.warnings} if version.warnings else {}
        return {"validationStatus": "ok"} | warnings
    count = len(version.errors)
    reason = f"{count} {'error is' if count == 1 else 'errors are'} currently blocking the publication"
    return {"validationStatus": "error", "reason": reason, "errors": version.errors, "warnings": version.warnings}

"""Importing a version: everything is made anew, however often the same document comes."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from emulator.answers import Answer
from emulator.calls import Call, route
from emulator.journey_checks import PayloadError, check, problems_of
from emulator.journey_secrets import Secrets, take_out
from emulator.journey_things import GROUPS, JourneyShelf, JourneyVersion, is_system, is_uuid, objects_of, system_name
from emulator.journey_trees import objects_in, rename_keys, texts_in
from emulator.journeys import (
    OF_THE_SERVICE,
    can_deploy,
    definition_of,
    internal_error,
    refused,
    sandbox_id_of,
    sandbox_of,
)
from emulator.submission import UNKNOWN_STATUS, UNLISTED_S
from emulator.things import Credential, Sandbox
from emulator.world import World

# In expressions of the designer: #{data source.field group.field}, @{event.field}, @action{custom action.field}.
_REFERENCE = re.compile(r"((?:[#@]|@action)\{)(\w+)((?:\.)(\w+))?")


def _import(call: Call) -> Answer:
    sandbox = sandbox_of(call)
    if "write" in call.caller.missing_rights.get(sandbox.name, {}).get("Journey", ()):
        raise refused(call, 403, 1403, "user is not allowed to manage journeys", where="AuthoringFilter:102")
    try:
        document = _document(call)
        check(document)
    except PayloadError as error:
        raise refused(call, 400, 1326, f"can't import journey version: {error}") from None
    asked = {directive.name: directive for directive in call.directives}
    if "job_failure" in asked:
        raise internal_error(call)
    source_uid = str(document["journey"].get("uid", ""))
    version = _make(call, sandbox, document)
    if "unknown_status" in asked:
        version.shown_state = str(asked["unknown_status"].options.get("value", UNKNOWN_STATUS))
    if "hidden_error" not in asked:
        sandbox.shelf.add(version)
        call.world.note(
            "journeys.import",
            call.org.id,
            version.uid,
            uid=version.journey_uid,
            name=version.name,
            sandbox=sandbox.name,
            source=source_uid,
            description=version.description or "",
            document=hashlib.sha256(call.request.get_data(cache=True)).hexdigest(),
            secrets=[dict(secret) for secret in version.secrets],
            errors=[error["errorCode"] for error in version.errors],
        )
    if "unlisted_job" in asked:
        seconds = float(asked["unlisted_job"].options.get("seconds", UNLISTED_S))
        call.world.hide(version.journey_uid, seconds)
    return Answer(_answer(call, version, is_unnamed="unnamed_job" in asked))


def _document(call: Call) -> dict[str, Any]:
    if call.request.mimetype != "application/json":
        raise PayloadError("invalid payload, the content type must be application/json")
    try:
        document = json.loads(call.request.get_data(cache=True))
    except (ValueError, RecursionError):
        raise PayloadError("invalid payload, not JSON or nested too deep") from None
    if not isinstance(document, dict):
        raise PayloadError("invalid payload, no JSON object")
    return document


def _answer(call: Call, version: JourneyVersion, *, is_unnamed: bool) -> dict[str, Any]:
    """The envelope with which this service answers every creation, or in bare mode the uid alone."""
    if call.world.switches.journey_import_bare:
        return {} if is_unnamed else {"uid": version.uid}
    element = definition_of(call, version)
    body: dict[str, Any] = {
        "createdElement": element,
        "uid": version.uid,
        "uri": f"/voyager/apis/journeyVersions/{version.uid}",
        "resStatus": "created",
        "canDeploy": can_deploy(version),
    }
    if is_unnamed:
        del body["uid"], body["uri"]
        for name in ("uid", "_id", "journey"):
            del element[name]
    return body


def _make(call: Call, sandbox: Sandbox, payload: dict[str, Any]) -> JourneyVersion:
    """The new draft. The payload becomes its document."""
    world, shelf, switches = call.world, sandbox.shelf, call.world.switches
    given = payload["journey"]
    source = _source(world, str(given.get("uid", "")))
    secrets = take_out(payload, source.document if source else None)
    document = dict(payload)
    _exchange_system(document, shelf)
    name = shelf.free_name(given["name"])
    names = _new_names(document, shelf)
    version_uid, journey_uid = world.uuid(), world.uuid()
    uids = _new_uids(world, document, shelf, payload)
    for member, uid in (("uid", version_uid), ("journey", journey_uid)):
        if _is_text(given, member):
            uids[given[member]] = uid
    _rewrite(document, uids, names, sandbox_id_of(call.org.id, sandbox.name))
    for thing in _events(document):
        _renew_event_id(world, thing)
    document["journey"] = {key: value for key, value in given.items() if key not in OF_THE_SERVICE}
    now_ms, person = world.now_ms(), _person(call.caller)
    description = given.get("description")
    version = JourneyVersion(
        uid=version_uid,
        journey_uid=journey_uid,
        number=1,
        name=name,
        description=description if isinstance(description, str) and switches.journey_keep_description else None,
        state="draft",
        document=document,
        created_ms=now_ms,
        created_by=person,
        modified_ms=now_ms,
        modified_by=person,
        secrets=_owned(secrets, uids),
    )
    version.errors, version.warnings = problems_of(document, sandbox, is_doomed=not switches.journey_import_deployable)
    return version


def _source(world: World, version_uid: str) -> JourneyVersion | None:
    """The version that a payload was exported from, in whatever sandbox of whatever organization."""
    for organization in world.organizations.values():
        for sandbox in organization.sandboxes.values():
            if version := sandbox.shelf.versions.get(version_uid):
                return version
    return None


def _person(credential: Credential) -> tuple[str, str]:
    return credential.name, credential.technical_account_id


def _exchange_system(document: dict[str, Any], shelf: JourneyShelf) -> None:
    """System objects are never imported: the target has its own, under the same reserved names."""
    own = shelf.system_objects()
    for group in GROUPS:
        carried = [thing for thing in document.get(group) or () if not is_system(thing)]
        if own.get(group) or group in document:
            document[group] = [*own.get(group, ()), *carried]


def _new_names(document: Mapping[str, Any], shelf: JourneyShelf) -> dict[str, str]:
    names: dict[str, str] = {}
    for group, thing in objects_of(document):
        old = thing.get("name")
        if not is_system(thing) and isinstance(old, str):
            names[old] = thing["name"] = shelf.free_object_name(group, old)
    return names


def _new_uids(
    world: World, document: Mapping[str, Any], shelf: JourneyShelf, payload: Mapping[str, Any]
) -> dict[str, str]:
    """Old uid -> new uid of every object that this service made; of a system object, the uid the target has."""
    uids: dict[str, str] = {}
    for _, thing in objects_of(payload):
        name = system_name(thing)
        if name and _is_text(thing, "uid"):
            uids[thing["uid"]] = shelf.system_uids.get(name, name)
    for _, thing in objects_of(document):
        if _is_text(thing, "uid") and not is_system(thing):
            uids.setdefault(thing["uid"], world.uuid())
    for thing in objects_in(document["journey"], skip=is_system):
        uid = thing.get("uid")
        if isinstance(uid, str) and is_uuid(uid):
            uids.setdefault(uid, world.uuid())
    return uids


def _rewrite(document: dict[str, Any], uids: dict[str, str], names: Mapping[str, str], sandbox_id: str) -> None:
    """Put new uids for old ones, as texts and as names of members, and new names into expressions."""

    def renamed(found: re.Match[str]) -> str:
        start, first, _, second = found.groups()
        more = f".{names.get(second, second)}" if second else ""
        return f"{start}{names.get(first, first)}{more}"

    for thing in list(objects_in(document, skip=is_system)):
        rename_keys(thing, uids)
    for spot in texts_in(document, skip=is_system):
        if spot.text in uids:
            spot.put(uids[spot.text])
        elif spot.key == "_id" and (uid := spot.text.partition("_")[0]) in uids:
            spot.put(f"{uids[uid]}_{sandbox_id}")
        elif "{" in spot.text:
            spot.put(_REFERENCE.sub(renamed, spot.text))
    called = {thing["uid"]: thing["name"] for _, thing in objects_of(document) if {"uid", "name"} <= set(thing)}
    for thing in objects_in(document, skip=is_system):
        # An object may stand a second time within another one, under the same uid.
        if _is_text(thing, "name") and _is_text(thing, "uid") and thing["uid"] in called:
            thing["name"] = called[thing["uid"]]


def _is_text(thing: Mapping[str, Any], member: str) -> bool:
    return isinstance(thing.get(member), str)


def _events(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    return (thing for group, thing in objects_of(document) if group == "events" and not is_system(thing))


def _renew_event_id(world: World, event: dict[str, Any]) -> None:
    for spot in list(texts_in(event)):
        if spot.key == "eventID":
            spot.put(f"{world.random.getrandbits(64):016x}")


def _owned(secrets: Secrets, uids: Mapping[str, str]) -> list[dict[str, str]]:
    """Where each secret stands now."""
    return [
        {**secret, "path": "/".join(uids.get(step, step) for step in secret["path"].split("/"))} for secret in secrets
    ]


ROUTES = (route("POST", "/journeyVersions/import", _import),)

"""From the JSON of the journey APIs to `clients.journeys_models`, with its many spellings evened out."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from clients.journeys_fields import PARENT_UIDS, VERSION_UIDS, Fields, complaints_of, unwrapped
from clients.journeys_models import RemoteJourney, RemoteJourneyDetail, RemoteJourneyVersion, RemoteVersionRow
from clients.transport import MalformedError

Redact = Callable[[Any], Any]

_JOURNEY_UIDS = ("uid", "journeyuid", "journeyid", "_id", "id", "journey")
_LATEST = (
    "lastversionuid",
    "latestversionuid",
    "lastversion",
    "latestversion",
    "latestjourneyversion",
    "lastjourneyversion",
)
_VERSION_LISTS = ("journeyversions", "versions", "journeyversion", "version")
_CREATED_AT = ("createdat", "created", "createddate")
_MODIFIED_AT = ("lastmodifiedat", "modifiedat", "updatedat", "lastmodified", "modified")
_DEPLOYED_AT = ("lastdeployedat", "deployedat", "publishedat")
_CREATED_BY = ("createdby", "createdbyid")
_MODIFIED_BY = ("lastmodifiedby", "modifiedby", "updatedby", "lastmodifiedbyid")

_VERSION_NUMBER = re.compile(r"\d{1,9}(\.\d{1,9})*")


class ReadRows(NamedTuple):
    """What could be read of some rows. `are_all` is False where a row or one of its versions could not."""

    journeys: tuple[RemoteJourney, ...]
    are_all: bool


def read_journeys(rows: Iterable[Any], hide: Redact) -> ReadRows:
    """The journeys of the list. Rows that are versions are put together to journeys; what has no uid is left out."""
    found: dict[str, RemoteJourney] = {}
    single: dict[str, list[RemoteVersionRow]] = {}
    are_all = True
    for row in rows:
        if not isinstance(row, dict):
            are_all = False
            continue
        fields = Fields(row)
        if parent := _parent_of(fields):
            version = _read_version(row, hide)
            single.setdefault(parent, []).append(version)
            continue
        journey, is_whole = _read_journey(row, fields, hide)
        are_all = are_all and is_whole
        if journey is not None:
            found.setdefault(journey.uid, journey)
    for uid, versions in single.items():
        found[uid] = _with_versions(found[uid], versions) if uid in found else _from_versions(uid, versions)
    return ReadRows(tuple(found.values()), are_all)


def _parent_of(fields: Fields) -> str:
    """The uid of the journey, if the row is one of its versions."""
    own, parent = fields.uid(VERSION_UIDS), fields.uid(PARENT_UIDS)
    is_version = bool(own and parent and own != parent) and bool(fields.text("journeyversion", "version"))
    return parent if is_version else ""


def _read_version(row: Any, hide: Redact) -> RemoteVersionRow:
    if not isinstance(row, dict):
        raise MalformedError("a version is not an object")
    fields = Fields(row)
    uid = fields.uid(VERSION_UIDS)
    if not uid:
        raise MalformedError("a version has no uid")
    return RemoteVersionRow(
        uid=uid,
        version=fields.text("journeyversion", "version"),
        state=fields.text("state", "status"),
        name=fields.text("name", "title", "label"),
        created_at=fields.time(_CREATED_AT),
        modified_at=fields.time(_MODIFIED_AT),
        modified_by=fields.who(_MODIFIED_BY),
        raw=hide(row),
    )


def _read_journey(row: dict[str, Any], fields: Fields, hide: Redact) -> tuple[RemoteJourney | None, bool]:
    """The journey, and whether all of the row could be read."""
    inner = fields.first(("journey",))
    if isinstance(inner, dict):
        fields = Fields({**row, **inner})
    uid = fields.uid(_JOURNEY_UIDS)
    if not uid:
        return None, False
    versions, is_whole = _versions_of(fields, hide)
    latest_uid, latest_number = _latest_of(fields, versions)
    latest = next((version for version in versions if version.uid == latest_uid), None)
    journey = RemoteJourney(
        uid=uid,
        name=fields.text("name", "title", "label") or (latest.name if latest else ""),
        state=fields.text("state", "status") or (latest.state if latest else ""),
        description=fields.text("description"),
        latest_version_uid=latest_uid,
        latest_version=latest_number,
        versions=versions,
        created_at=fields.time(_CREATED_AT),
        modified_at=fields.time(_MODIFIED_AT),
        created_by=fields.who(_CREATED_BY),
        modified_by=fields.who(_MODIFIED_BY),
        raw=hide(row),
    )
    return journey, is_whole


def _versions_of(fields: Fields, hide: Redact) -> tuple[tuple[RemoteVersionRow, ...], bool]:
    value = next((found for name in _VERSION_LISTS if isinstance(found := fields.first((name,)), list)), [])
    versions: dict[str, RemoteVersionRow] = {}
    is_whole = True
    for row in value:
        try:
            version = _read_version({"uid": row} if isinstance(row, str) else row, hide)
        except MalformedError:
            is_whole = False
            continue
        versions.setdefault(version.uid, version)
    return tuple(versions.values()), is_whole


def _latest_of(fields: Fields, versions: Sequence[RemoteVersionRow]) -> tuple[str, str]:
    """Uid and number of the newest version: as the row says, or else the one with the highest number."""
    uid, number = "", ""
    for name in _LATEST:
        value = fields.first((name,))
        said = Fields(value).text("journeyversion", "version") if isinstance(value, dict) else ""
        named = fields.uid((name,))
        if _VERSION_NUMBER.fullmatch(named) and all(version.uid != named for version in versions):
            said, named = named, ""
        uid, number = uid or named, number or said
    if not uid and number:
        uid = next((version.uid for version in versions if version.version == number), "")
    if not uid and not number and versions:
        uid = max(versions, key=_age).uid
    known = next((version.version for version in versions if version.uid == uid), "")
    return uid, number or known or fields.text("journeyversion", "version")


def _age(version: RemoteVersionRow) -> tuple[list[int], float]:
    numbers = [int(part) for part in version.version.split(".")] if _VERSION_NUMBER.fullmatch(version.version) else []
    return numbers, version.created_at.timestamp() if version.created_at else 0.0


def _from_versions(uid: str, versions: Sequence[RemoteVersionRow]) -> RemoteJourney:
    latest, first = max(versions, key=_age), min(versions, key=_age)
    return RemoteJourney(
        uid=uid,
        name=latest.name,
        state=latest.state,
        description=Fields(latest.raw).text("description"),
        latest_version_uid=latest.uid,
        latest_version=latest.version,
        versions=tuple({version.uid: version for version in versions}.values()),
        created_at=first.created_at,
        modified_at=latest.modified_at,
        created_by=Fields(first.raw).who(_CREATED_BY),
        modified_by=latest.modified_by,
        raw=latest.raw,
    )


def _with_versions(journey: RemoteJourney, versions: Sequence[RemoteVersionRow]) -> RemoteJourney:
    known = {version.uid: version for version in (*versions, *journey.versions)}
    whole = _from_versions(journey.uid, tuple(known.values()))
    is_told = bool(journey.latest_version_uid)
    return RemoteJourney(
        uid=journey.uid,
        name=journey.name or whole.name,
        state=journey.state or whole.state,
        description=journey.description or whole.description,
        latest_version_uid=journey.latest_version_uid if is_told else whole.latest_version_uid,
        latest_version=journey.latest_version if is_told else whole.latest_version,
        versions=whole.versions,
        created_at=journey.created_at or whole.created_at,
        modified_at=journey.modified_at or whole.modified_at,
        created_by=journey.created_by or whole.created_by,
        modified_by=journey.modified_by or whole.modified_by,
        raw=journey.raw,
    )


def read_public_journeys(rows: Iterable[Any], hide: Redact) -> ReadRows:
    """Rows of the newer API, each of which is a version by its id."""
    found: dict[str, RemoteJourney] = {}
    are_all = True
    for row in rows:
        try:
            detail = read_detail(row, hide)
            version = _read_version(row, hide)
        except MalformedError:
            are_all = False
            continue
        journey = _from_versions(detail.uid, [version])
        found.setdefault(detail.uid, journey)
    return ReadRows(tuple(found.values()), are_all)


def read_detail(value: Any, hide: Redact) -> RemoteJourneyDetail:
    """A journey of the newer API; raises MalformedError without an id."""
    if not isinstance(value, dict):
        raise MalformedError("a journey is not an object")
    fields = Fields(value)
    uid = fields.uid(("id", "uid", "_id"))
    if not uid:
        raise MalformedError("a journey has no id")
    return RemoteJourneyDetail(
        uid=uid,
        name=fields.text("name"),
        description=fields.text("description"),
        version=fields.text("version", "journeyversion"),
        type=fields.text("type"),
        state=fields.text("status", "state"),
        created_at=fields.time(_CREATED_AT),
        modified_at=fields.time(_MODIFIED_AT),
        created_by=fields.who(_CREATED_BY),
        modified_by=fields.who(_MODIFIED_BY),
        deployed_at=fields.time(_DEPLOYED_AT),
        raw=hide(value),
    )


def read_latest(value: Any, hide: Redact) -> RemoteJourneyVersion:
    """The newest version of a journey, bare or in an envelope; raises MalformedError without a uid."""
    body = unwrapped(value)
    fields = Fields(body)
    uid = fields.uid(VERSION_UIDS)
    if not uid:
        raise MalformedError("the version has no uid")
    errors, warnings = complaints_of(fields)
    return RemoteJourneyVersion(
        uid=uid,
        journey_uid=fields.uid(PARENT_UIDS),
        version=fields.text("journeyversion", "version"),
        name=fields.text("name", "title", "label"),
        description=fields.text("description"),
        state=fields.text("state", "status"),
        review_state=fields.text("reviewstate"),
        created_at=fields.time(_CREATED_AT),
        modified_at=fields.time(_MODIFIED_AT),
        modified_by=fields.who(_MODIFIED_BY),
        deployed_at=fields.time(_DEPLOYED_AT),
        errors=tuple(hide(errors)),
        warnings=tuple(hide(warnings)),
        raw=hide(body),
    )

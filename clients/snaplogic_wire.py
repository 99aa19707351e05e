"""From the JSON of SnapLogic to `clients.snaplogic_models`."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any, NamedTuple, TypeVar

from clients.answers import Answer
from clients.folding import first_of, folded, text_of
from clients.snaplogic_envelope import Envelope, read_envelope
from clients.snaplogic_models import (
    Accepted,
    AssetDone,
    AssetFailed,
    AssetList,
    AssetWarning,
    ImportResult,
    LifecycleResult,
    MigrationStatus,
    MigrationTicket,
    VersionFailed,
)
from clients.snaplogic_paths import VersionPath
from clients.transport import MalformedError
from clients.wire import as_list, http_status

T = TypeVar("T")


class Hiding(NamedTuple):
    """Takes secrets out of what the platform says.

    Of words, and of JSON, also what only looks like one; of names those that are known. Names that are compared with
    others, to tell whether something is there, are left as they are.
    """

    words: Callable[[Any], Any]
    names: Callable[[str], str]


_ASSET_LISTS = ("successful", "failed", "warnings")
_VERSION_LISTS = ("successfulversions", "unsuccessfulversions")
_PATHS = ("versionpath", "newversionpath", "importpath", "destversionpath", "targetpath", "path")


def read_import(answer: Answer, hide: Hiding) -> ImportResult:
    """What an import did; raises MalformedError if the answer neither lists anything nor says how it went."""
    envelope = read_envelope(answer)
    is_error = envelope.names_errors and not envelope.lists_any("successful", "failed")
    if is_error or not (envelope.has(*_ASSET_LISTS) or envelope.code):
        raise MalformedError("it does not say what became of the assets")
    successful = _entries(envelope, "successful", lambda row: _asset(AssetDone, row, hide))
    failed = _entries(envelope, "failed", lambda row: _failed(row, hide))
    warnings = _entries(envelope, "warnings", lambda row: _warning(row, hide))
    return ImportResult(
        successful=successful.rows,
        failed=failed.rows,
        warnings=warnings.rows,
        version_path=hide.names(_version_path(envelope)),
        http_status_code=envelope.code,
        is_complete=successful.are_all and failed.are_all and warnings.are_all and not envelope.names_errors,
        status_mismatch=_mismatch(answer, envelope),
        raw=_raw(answer, hide),
    )


@dataclass(frozen=True)
class _Entries:
    rows: tuple[Any, ...]
    are_all: bool


def _entries(envelope: Envelope, name: str, read: Callable[[Any], T | None]) -> _Entries:
    value = envelope.members.get(name)
    found = [read(row) for row in as_list(value)]
    return _Entries(tuple(row for row in found if row is not None), value is not None and None not in found)


def _who(members: dict[str, Any], hide: Hiding) -> dict[str, str]:
    return {
        "snode_id": hide.names(text_of(members, "snodeid", "id", "assetid")),
        "name": hide.names(text_of(members, "name", "assetname", "path")),
        "type": hide.names(text_of(members, "type", "assettype")),
    }


def _asset(kind: Callable[..., T], row: Any, hide: Hiding, **more: Any) -> T | None:
    if isinstance(row, str) and row.strip():
        return kind(snode_id="", name=hide.names(row), type="", **more)
    who = _who(folded(row), hide)
    return kind(**who, **more) if who["snode_id"] or who["name"] else None


def _failed(row: Any, hide: Hiding) -> AssetFailed | None:
    members = folded(row)
    reason = hide.words(text_of(members, "reason", "message", "error"))
    code = http_status(first_of(members, "statuscode", "status", "code"))
    if reason and not any(_who(members, hide).values()):
        return AssetFailed(code, reason, "", "", "")
    return _asset(AssetFailed, row, hide, status_code=code, reason=reason)


def _warning(row: Any, hide: Hiding) -> AssetWarning | None:
    if isinstance(row, str):
        return AssetWarning(hide.words(row), "", "", "") if row.strip() else None
    members = folded(row)
    message = hide.words(text_of(members, "message", "reason", "warning"))
    who = _who(members, hide)
    return AssetWarning(message, **who) if message or who["name"] or who["snode_id"] else None


def _version_path(envelope: Envelope) -> str:
    """The version that the assets went to, where the answer names it or the path of each of them."""
    for name in _PATHS:
        if path := _parsed(envelope.members.get(name)):
            return path
    paths = {_parsed_opening(folded(row).get("path")) for row in as_list(envelope.members.get("successful"))}
    return paths.pop() if len(paths) == 1 else ""


def _parsed(value: Any) -> str:
    try:
        return VersionPath.parse(value).text if isinstance(value, str) else ""
    except ValueError:
        return ""


def _parsed_opening(value: Any) -> str:
    parts = value.strip("/").split("/") if isinstance(value, str) else []
    return _parsed("/".join(parts[:4])) if len(parts) > 4 else ""


def read_lifecycle(answer: Answer, hide: Hiding, *, org: str, asked: Iterable[str]) -> LifecycleResult:
    """What became of the versions `asked` for; raises MalformedError if the answer neither lists any nor says."""
    envelope = read_envelope(answer)
    is_error = envelope.names_errors and not envelope.lists_any(*_VERSION_LISTS)
    if is_error or not (envelope.has(*_VERSION_LISTS) or envelope.code):
        raise MalformedError("it does not say what became of the versions")
    done = [_version(row, org, hide) for row in as_list(envelope.members.get("successfulversions"))]
    failed = [_version_failed(row, org, hide) for row in as_list(envelope.members.get("unsuccessfulversions"))]
    successful = tuple(path for path in done if path)
    unsuccessful = tuple(row for row in failed if row is not None)
    told = {*successful, *(row.path for row in unsuccessful)}
    return LifecycleResult(
        successful=successful,
        unsuccessful=unsuccessful,
        untold=tuple(path for path in asked if path not in told),
        unreadable=done.count("") + failed.count(None),
        http_status_code=envelope.code,
        status_mismatch=_mismatch(answer, envelope),
        raw=_raw(answer, hide),
    )


def _version(row: Any, org: str, hide: Hiding) -> str:
    path = row if isinstance(row, str) else text_of(folded(row), "path", "versionpath", "version")
    return hide.names(bare_version(path, org))


def _version_failed(row: Any, org: str, hide: Hiding) -> VersionFailed | None:
    path = _version(row, org, hide)
    members = folded(row)
    return VersionFailed(path, hide.words(text_of(members, "reason", "message", "error"))) if path else None


def bare_version(path: str, org: str) -> str:
    """`api/version` of a path in any of the forms that answers have; what cannot be taken apart, as it came.

    A slash that was sent before a path comes back doubled (SnapLogic, public API, "Retire API versions").
    """
    names = [name for name in path.strip().split("/") if name]
    if len(names) == 4 and names[0] == org and names[1] == "apim":
        names = names[2:]
    elif len(names) == 3 and names[0] == "apim":
        names = names[1:]
    return "/".join(names) if len(names) == 2 else path.strip()


def read_assets(answer: Answer, hide: Hiding) -> AssetList:
    """The assets of a place; raises MalformedError."""
    envelope = read_envelope(answer)
    value = envelope.members.get("assets")
    if isinstance(value, list):
        rows = [(text_of(folded(row), "assettype", "type"), row) for row in value]
    elif isinstance(value, dict):
        rows = [(kind, row) for kind, names in value.items() for row in as_list(names)]
    else:
        raise MalformedError("it holds no assets")
    assets: dict[str, list[str]] = {kind: [] for kind in value} if isinstance(value, dict) else {}
    unread = 0
    for kind, row in rows:
        name = row if isinstance(row, str) else text_of(folded(row), "name", "assetname")
        if name.strip():
            assets.setdefault(kind, []).append(name)
        else:
            unread += 1
    return AssetList({kind: tuple(names) for kind, names in assets.items()}, not unread, _raw(answer, hide))


def read_accepted(answer: Answer, hide: Hiding) -> Accepted:
    """That it was done; older pages promise a status without a body. Raises MalformedError."""
    if answer.problem.is_empty:
        return Accepted(None, {})
    envelope = read_envelope(answer)
    if envelope.names_errors:
        raise MalformedError("it names errors")
    return Accepted(envelope.code, _raw(answer, hide))


def read_migration(answer: Answer, hide: Hiding) -> ImportResult | MigrationTicket:
    """What a migration did, or where its state will be; raises MalformedError."""
    members = read_envelope(answer).members
    token, url = text_of(members, "statustoken"), text_of(members, "statusurl")
    if token or url:
        return MigrationTicket(token, url, _raw(answer, hide))
    return read_import(answer, hide)


def read_migration_status(answer: Answer, hide: Hiding) -> MigrationStatus:
    """The state of a migration; raises MalformedError."""
    members = read_envelope(answer).members
    status = text_of(members, "status")
    if not status:
        raise MalformedError("it names no status")
    return MigrationStatus(text_of(members, "id"), status, _raw(answer, hide))


def file_name_in(headers: Mapping[str, str]) -> str:
    """The name of a file that is sent, without folders and control characters; empty if it has none."""
    message = Message()
    message["Content-Disposition"] = headers.get("content-disposition", "")
    name = message.get_filename("")
    return "".join(one for one in re.split(r"[/\\]", name)[-1] if one.isprintable()).strip(". ")


def _mismatch(answer: Answer, envelope: Envelope) -> str:
    if not answer.is_success:
        return f"The answer came with HTTP {answer.status}, yet it lists what was done."
    if envelope.code is None or envelope.code == answer.status:
        return ""
    return f"The answer came with HTTP {answer.status}, but says {envelope.code} inside."


def _raw(answer: Answer, hide: Hiding) -> dict[str, Any]:
    body = answer.json()
    hidden = hide.words(body if isinstance(body, dict) else {"answer": body})
    return hidden if isinstance(hidden, dict) else {}

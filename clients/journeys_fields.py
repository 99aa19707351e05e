"""Finding the members of the journey service's objects, which have no public description and several spellings."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from clients.transport import MalformedError
from clients.wire import as_text, as_time

VERSION_UIDS = ("uid", "journeyversionuid", "versionuid", "versionid", "_id", "id")
PARENT_UIDS = ("journey", "journeyuid", "journeyid", "container")

_ENVELOPES = ("result", "createdelement", "data", "item")
_ENVELOPE_DEPTH = 3
_VERDICTS = ("candeploy", "validation", "validationresult")

_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
# `_id` is the uid, in later revisions with the id of the sandbox behind it.
_UID_AND_SANDBOX = re.compile(rf"({_UUID})_{_UUID}")


class Fields:
    """An object whose members are found by any of several names, without case; nulls are missing."""

    def __init__(self, value: dict[str, Any]) -> None:
        self._members: dict[str, Any] = {}
        for key, item in value.items():
            if item is not None:
                self._members.setdefault(str(key).lower(), item)

    def first(self, names: Iterable[str]) -> Any:
        return next((self._members[name] for name in names if name in self._members), None)

    def fields(self, name: str) -> "Fields":
        value = self._members.get(name)
        return Fields(value if isinstance(value, dict) else {})

    def text(self, *names: str) -> str:
        """The first of them that is a text or a number, without blanks around it."""
        for name in names:
            value = self._members.get(name)
            text = as_text(value).strip() if isinstance(value, str | int | float) else ""
            if text and not isinstance(value, bool):
                return text
        return ""

    def uid(self, names: Iterable[str]) -> str:
        """The first of them that is an id, or an object that has one."""
        sandbox = self.text("sandboxid")
        for name in names:
            value = self._members.get(name)
            if isinstance(value, dict):
                value = Fields(value).uid(("uid", "_id", "id"))
            if isinstance(value, int) and not isinstance(value, bool):
                value = str(value)
            if not isinstance(value, str) or not value.strip():
                continue
            uid = value.strip()
            if name == "_id":
                found = _UID_AND_SANDBOX.fullmatch(uid)
                uid = found[1] if found else uid.removesuffix(f"_{sandbox}") if sandbox else uid
            return uid
        return ""

    def time(self, names: Sequence[str]) -> datetime | None:
        """The first of them that is a time, here or in the metadata."""
        metadata = self.fields("metadata")._members
        values = [members[name] for members in (metadata, self._members) for name in names if name in members]
        return next((time for value in values if (time := as_time(value)) is not None), None)

    def who(self, names: Sequence[str]) -> str:
        """The name of the first person of them, here or in the metadata."""
        metadata = self.fields("metadata")._members
        values = [members[name] for members in (metadata, self._members) for name in names if name in members]
        return next((name for value in values if (name := _person(value))), "")


def _person(value: Any) -> str:
    if isinstance(value, dict):
        return Fields(value).text("name", "displayname", "email", "id")
    return value.strip() if isinstance(value, str) else ""


def unwrapped(body: Any, depth: int = _ENVELOPE_DEPTH) -> dict[str, Any]:
    """The object of an answer: bare, alone in a list, or in an envelope; raises MalformedError if there is none."""
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    if not isinstance(body, dict):
        raise MalformedError("an object was expected")
    members = {str(key).lower(): value for key, value in body.items()}
    inner = next((members[name] for name in _ENVELOPES if isinstance(members.get(name), dict | list)), None)
    if inner is None or depth == 0 or any(name in members for name in ("uid", "_id", "id")):
        return body
    return unwrapped(inner, depth - 1)


UNEXPLAINED = "The designer reports an error and does not say which."


def complaints_of(fields: Fields) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is said against a version, as sentences: errors, and warnings."""
    sources = [*(fields.fields(name) for name in _VERDICTS), fields]
    errors = _sentences(sources, ("errors", "validationerrors"))
    warnings = _sentences(sources, ("warnings", "validationwarnings"))
    if not errors and verdict_of(fields) == "error":
        errors = tuple(reason for source in sources if (reason := source.text("reason")))[:1] or (UNEXPLAINED,)
    return errors, warnings


def verdict_of(fields: Fields) -> str:
    """ "ok" or "error", if anything says so in whatever words; or else empty."""
    for name in (*_VERDICTS, "validationstatus"):
        value = fields.first((name,))
        if isinstance(value, bool):
            return "ok" if value else "error"
        said = value if isinstance(value, str) else fields.fields(name).text("validationstatus", "status")
        if word := {"ok": "ok", "valid": "ok", "error": "error", "ko": "error", "invalid": "error"}.get(said.lower()):
            return word
    return ""


def _sentences(sources: Sequence[Fields], names: Sequence[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for source in sources:
        value = source.first(names)
        for item in value if isinstance(value, list) else [value]:
            if sentence := _sentence(item):
                found[sentence] = None
    return tuple(found)


def _sentence(item: Any) -> str:
    if not isinstance(item, dict):
        return " ".join(as_text(item).split()) if isinstance(item, str) else ""
    fields = Fields(item)
    code = fields.text("errorcode", "warningcode", "code")
    words = " ".join(fields.text("error", "warning", "message", "description", "reason", "title").split())
    return f"{code}: {words}" if code and words else words or code

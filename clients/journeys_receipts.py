"""What the journey service answers when it has imported a version."""

from collections.abc import Callable
from typing import Any

from clients.answers import Answer, load_json
from clients.journeys_documents import outline
from clients.journeys_fields import PARENT_UIDS, VERSION_UIDS, Fields, complaints_of, verdict_of
from clients.journeys_models import ImportedVersion
from clients.transport import MalformedError

_CREATED = ("createdelement", "result", "data", "journeyversion", "item")


def read_import(answer: Answer, hide: Callable[[Any], Any]) -> ImportedVersion:
    """The draft that was made; raises MalformedError if the answer does not tell which one that is.

    The answer has no public description. Its form is that of other creations by the same service, whose uid stands in
    `uid`, in `createdElement` and at the end of `uri`. Long and deep parts of it are not kept.
    """
    return _read(load_json(outline(answer.content).decode("utf-8-sig", "replace")), hide)


def _read(body: Any, hide: Callable[[Any], Any]) -> ImportedVersion:
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    if not isinstance(body, dict):
        raise MalformedError("an object was expected")
    outer = Fields(body)
    created = outer.first(_CREATED)
    if isinstance(created, dict) and isinstance(Fields(created).first(_CREATED), dict):
        return _read(created, hide)  # an envelope around the envelope
    if not isinstance(created, dict):
        created = body
    inner = Fields(created)
    journey_uid = inner.uid(PARENT_UIDS) or outer.uid(PARENT_UIDS)
    uri = outer.text("uri") or inner.text("uri")
    uids = (outer.uid(VERSION_UIDS), inner.uid(VERSION_UIDS), uri.rstrip("/").rpartition("/")[2])
    version_uid = next((uid for uid in uids if uid and uid != journey_uid), "")
    if not version_uid:
        raise MalformedError("it does not name the new version")
    errors, warnings = complaints_of(outer)
    if created is not body and not (errors or warnings):
        errors, warnings = complaints_of(inner)
    return ImportedVersion(
        version_uid=version_uid,
        journey_uid=journey_uid,
        name=inner.text("name") or outer.text("name"),
        state=inner.text("state", "status") or outer.text("state"),
        uri=uri,
        validation="error" if errors else verdict_of(outer) or verdict_of(inner),
        errors=tuple(hide(errors)),
        warnings=tuple(hide(warnings)),
        created=hide(created),
        raw=hide(body),
    )

"""Journeys as a client reads them, with as little said as a test needs."""

from datetime import UTC, datetime
from typing import Any

from clients.journeys_models import JourneyList, RemoteJourney, RemoteJourneyVersion, RemoteVersionRow

AT = datetime(2026, 3, 1, 12, 0, 0, 118_204, tzinfo=UTC)


def remote_version(uid: str, version: str = "1.0", state: str = "updated", **said: Any) -> RemoteVersionRow:
    values: dict[str, Any] = {"name": "Welcome", "created_at": AT, "modified_at": AT, "modified_by": "Ada", "raw": {}}
    return RemoteVersionRow(uid=uid, version=version, state=state, **{**values, **said})


def remote_journey(uid: str = "j1", *versions: RemoteVersionRow, **said: Any) -> RemoteJourney:
    """A journey of the authoring API's list, whose latest version is the last one given."""
    latest = versions[-1] if versions else None
    values: dict[str, Any] = {
        "name": "Welcome",
        "state": latest.state if latest else "",
        "description": "",
        "latest_version_uid": latest.uid if latest else "",
        "latest_version": latest.version if latest else "",
        "created_at": AT,
        "modified_at": AT,
        "created_by": "Ada",
        "modified_by": "Ada",
        "raw": {"uid": uid},
    }
    return RemoteJourney(uid=uid, versions=versions, **{**values, **said})


def newer_row(uid: str, version: str = "1.0", state: str = "Draft", **said: Any) -> RemoteJourney:
    """A row of the newer API's list, which names versions."""
    return remote_journey(uid, latest_version_uid=uid, latest_version=version, state=state, **said)


def remote_list(*items: RemoteJourney, is_complete: bool = True) -> JourneyList:
    return JourneyList(items=items, is_complete=is_complete, total=None)


def latest_version(uid: str, **said: Any) -> RemoteJourneyVersion:
    values: dict[str, Any] = {
        "journey_uid": "j1",
        "version": "1.0",
        "name": "Welcome",
        "description": "",
        "state": "updated",
        "review_state": "",
        "created_at": AT,
        "modified_at": AT,
        "modified_by": "Ada",
        "deployed_at": None,
        "errors": (),
        "warnings": (),
        "raw": {},
    }
    return RemoteJourneyVersion(uid=uid, **{**values, **said})

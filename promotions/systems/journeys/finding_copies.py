"""Searching the target for the copy of an import whose answer was lost.

Only our mark proves a copy to be ours, and there is not always a place for it, nor does every platform keep it. A copy
that is overlooked would be made once more: whatever may be it keeps the import from being sent again.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from clients.errors import ApiRejectedError
from clients.journeys import JourneysClient, RemoteJourney, RemoteJourneyVersion
from promotions.engine.registry import LookUp, Report
from promotions.models import Job
from promotions.systems.listing import CLOCK_MARGIN
from promotions.systems.markers import marker_of
from promotions.systems.submission import unknown_ids

# New journeys of a target that are looked at one by one for our mark.
DETAILS_AT_MOST = 50
_NO_LETTER = re.compile(r"[\W_]+")


def uids_of(row: RemoteJourney) -> set[str]:
    return {row.uid, row.latest_version_uid, *(version.uid for version in row.versions)} - {""}


def look_up(job: Job, client: JourneysClient, report: Report) -> LookUp:
    """What the target has that was not there before, and may be the copy.

    Without a mark in the document the one new journey of that name is taken for it, if both lists were complete. May
    raise ApiError.
    """
    before: Mapping[str, Any] = job.params.get("before", {})
    since = (job.started_at or job.created_at) - CLOCK_MARGIN
    listed = client.list_journeys()
    are_lists_complete = listed.is_complete and bool(before.get("is_complete"))
    new = [row for row in listed.items if _is_new(job, row) and (are_lists_complete or _is_since(row, since))]
    found = _Found()
    for position, row in enumerate(new):
        report("Looking at what is new there", done=position, total=len(new))
        _sort(job, row, _shown(client, row) if position < DETAILS_AT_MOST else None, found)
    is_complete = are_lists_complete and found.is_clear
    if before.get("is_marked"):
        similar = found.named  # as for a platform that strips descriptions
    else:
        similar = [*found.named, *found.others]
        if not found.ours and is_complete and len(similar) == 1 and found.named and _is_since(found.rows[0], since):
            return LookUp(similar, is_complete, since=since, rows=len(listed.items))
    return LookUp(
        found.ours,
        is_complete,
        similar=[] if found.ours else similar,
        names=found.names,
        since=since,
        rows=len(listed.items),
    )


@dataclass
class _Found:
    """New journeys by what they may be, as uids of versions."""

    ours: list[str] = field(default_factory=list)
    """With our mark."""
    named: list[str] = field(default_factory=list)
    """Without a mark, and called like the source, or not to be looked at."""
    others: list[str] = field(default_factory=list)
    """Without a mark, called otherwise: how the platform names a copy is told nowhere."""
    rows: list[RemoteJourney] = field(default_factory=list)
    """Of `named`."""
    names: dict[str, str] = field(default_factory=dict)
    """Of all these, by uid."""
    is_clear: bool = True
    """Whether all could be looked at."""


def _sort(job: Job, row: RemoteJourney, version: RemoteJourneyVersion | None, found: _Found) -> None:
    uid = version.uid if version is not None else row.latest_version_uid or row.uid
    # The list may not have told its versions.
    if not unknown_ids(job, [uid]):
        return
    name = ((version.name if version is not None else "") or row.name)[:200]
    mark = marker_of(version.description if version is not None else row.description)
    if mark:
        if mark == job.marker:
            found.ours.append(uid)
            found.names[uid] = name
        return
    found.names[uid] = name
    if version is None:
        found.is_clear = False
    if version is None or _is_named_like(job, name):
        found.named.append(uid)
        found.rows.append(row)
    else:
        found.others.append(uid)


def _shown(client: JourneysClient, row: RemoteJourney) -> RemoteJourneyVersion | None:
    """None where it is listed and not shown: what it is cannot be told then."""
    with suppress(ApiRejectedError):
        return client.latest(row.uid)
    return None


def _is_new(job: Job, row: RemoteJourney) -> bool:
    """Whether nothing of it was there before, belongs to another job here, or was said not to be ours."""
    uids = uids_of(row)
    return set(unknown_ids(job, sorted(uids))) == uids


def _is_since(row: RemoteJourney, since: datetime) -> bool:
    return row.created_at is None or row.created_at >= since


def _is_named_like(job: Job, name: str) -> bool:
    """Whether a name holds that of the source, as it is listed there or as it stands in its export."""
    sources = {job.title}
    if job.promotion is not None:
        sources.add(job.promotion.title)
    if job.plan is not None:
        sources.add(str(job.plan.display.get("name", "")))
    plain = _plain(name)
    return any(_plain(source) in plain for source in sources if _plain(source))


def _plain(name: str) -> str:
    return _NO_LETTER.sub("", name.casefold())

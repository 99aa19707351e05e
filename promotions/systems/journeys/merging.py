"""What two APIs tell of the same journeys, as one list."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from clients.journeys_models import JourneyList, RemoteJourney, RemoteVersionRow
from promotions.choices import JourneySource, JourneyState, journey_state

# Words of the authoring API that say no more than whether a version was ever published.
COARSE = frozenset({"", "created", "updated", "deployed"})


@dataclass(frozen=True)
class Listed:
    """A journey, and which API named it."""

    remote: RemoteJourney
    source: JourneySource


def merged(authoring: JourneyList | None, newer: JourneyList | None) -> list[Listed]:
    """One row for each journey. None stands for an API that gave no list.

    The newer API lists versions and names no journey. Its rows are matched by the version's uid; else by name, which
    all versions of a journey share, where the other API knows one journey of that name and not that version of it.
    """
    rows = {row.uid: row for row in newer.items} if newer is not None else {}
    if authoring is None:
        return [Listed(row, JourneySource.RETRIEVE) for row in rows.values()]
    journeys = {journey.uid: journey for journey in authoring.items}
    listed_versions = {uid for journey in journeys.values() for uid in _version_uids(journey)}
    names = Counter(journey.name for journey in journeys.values())
    only_of_name = {journey.name: journey for journey in journeys.values() if names[journey.name] == 1}
    found: dict[str, list[RemoteJourney]] = {}
    left = []
    for row in rows.values():
        journey = only_of_name.get(row.name)
        if row.uid in listed_versions:
            continue
        if journey is not None and row.latest_version not in {version.version for version in journey.versions}:
            found.setdefault(journey.uid, []).append(row)
        else:
            left.append(row)
    together = [_together(journey, rows, found.get(journey.uid, ())) for journey in journeys.values()]
    return [*together, *(Listed(row, JourneySource.RETRIEVE) for row in left)]


def said_state(authoring: str, newer: str) -> str:
    """The word to go by: the newer API's, where the other one's is coarse or unknown."""
    is_vague = authoring.strip().lower() in COARSE or journey_state(authoring) == JourneyState.UNKNOWN
    return newer if is_vague and journey_state(newer) != JourneyState.UNKNOWN else authoring


def _version_uids(journey: RemoteJourney) -> set[str]:
    return {journey.latest_version_uid, *(version.uid for version in journey.versions)} - {""}


def _together(journey: RemoteJourney, rows: dict[str, RemoteJourney], others: Sequence[RemoteJourney]) -> Listed:
    known = [rows[uid] for uid in sorted(_version_uids(journey)) if uid in rows] + list(others)
    versions = tuple(_with_state(version, rows.get(version.uid)) for version in journey.versions)
    versions += tuple(_version_of(row) for row in others)
    latest = next((version for version in versions if version.uid == journey.latest_version_uid), None)
    row = rows.get(journey.latest_version_uid)
    state = latest.state if latest is not None and latest.state else said_state(journey.state, row.state if row else "")
    description = journey.description or (row.description if row else "")
    raw = {"list": journey.raw, **({"newer": [row.raw for row in known]} if known else {})}
    remote = replace(journey, versions=versions, state=state, description=description, raw=raw)
    return Listed(remote, JourneySource.BOTH if known else JourneySource.AUTHORING)


def _with_state(version: RemoteVersionRow, row: RemoteJourney | None) -> RemoteVersionRow:
    return replace(version, state=said_state(version.state, row.state)) if row is not None else version


def _version_of(row: RemoteJourney) -> RemoteVersionRow:
    return RemoteVersionRow(
        uid=row.uid,
        version=row.latest_version,
        state=row.state,
        name=row.name,
        created_at=row.created_at,
        modified_at=row.modified_at,
        modified_by=row.modified_by,
        raw=row.raw,
    )

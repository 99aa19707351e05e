"""What the emulator remembers of journeys: their versions, one shelf of them in each sandbox, their system objects."""

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from emulator import journey_trees

PLACEHOLDER = "INSERT_SECRET_HERE"

# Lists of an export, and what an entry of each is called.
GROUPS: Mapping[str, str] = {
    "events": "event",
    "dataProviders": "data provider",
    "dataEntities": "data entity",
    "customActions": "custom action",
}
# Adobe, Journeys guide, "Working with Export Import API": made when an environment is provisioned, in its first and
# in its later revisions.
SYSTEM_NAMES = frozenset({"acsDataProvider", "acppsDataProvider", "acppsFieldGroup", "acppsDataPack", "acsAction"})

_SYSTEM_SECRET = {"authentication": {"type": "customAuthorization", "token": PLACEHOLDER}}
_SYSTEM_OBJECTS: Mapping[str, tuple[str, str, dict[str, Any]]] = {
    "acppsDataProvider": ("dataProviders", "Experience Platform", _SYSTEM_SECRET),
    "acsDataProvider": ("dataProviders", "Adobe Campaign Standard Data Provider", _SYSTEM_SECRET),
    "acppsDataPack": ("dataEntities", "ProfileFieldGroup", {"dataProvider": "acppsDataProvider"}),
}

# What we call a state -> how the older routes and the newer API say it. "Draft (test)" and the like are words of the
# product's own pages; nothing public tells how these routes write them.
STATES: Mapping[str, tuple[str, str]] = {
    "draft": ("updated", "Draft"),
    "testing": ("draft (test)", "Testing"),
    "in_review": ("updated", "In Review"),
    "live": ("live", "Deployed"),
    "paused": ("paused", "Paused"),
    "closed": ("closed", "Finished"),
    "finished": ("finished", "Finished"),
    "stopped": ("stopped", "Stopped"),
}


def is_system(thing: Mapping[str, Any]) -> bool:
    """Whether an object belongs to the environment: it says so, or it has one of the reserved names."""
    return thing.get("builtIn") is True or bool(system_name(thing))


def system_name(thing: Mapping[str, Any]) -> str:
    """The reserved name of an object, or nothing."""
    names = (thing.get(member) for member in ("uid", "name"))
    return next((name for name in names if isinstance(name, str) and name in SYSTEM_NAMES), "")


@dataclass
class JourneyVersion:
    """One version. Secrets are not kept: the document holds the placeholder, `secrets` a digest of what came."""

    uid: str
    journey_uid: str
    number: int
    name: str
    description: str | None
    state: str  # a key of STATES
    document: dict[str, Any]  # as exported, but for what the service fills in by itself
    created_ms: int
    created_by: tuple[str, str]  # name, id
    modified_ms: int
    modified_by: tuple[str, str]
    deployed_ms: int | None = None
    shown_state: str = ""
    errors: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    secrets: list[dict[str, str]] = field(default_factory=list)

    @property
    def label(self) -> str:
        return f"{self.number}.0"

    @property
    def authoring_state(self) -> str:
        if self.shown_state:
            return self.shown_state
        if self.state == "draft" and self.modified_ms == self.created_ms:
            return "created"
        return STATES[self.state][0]

    @property
    def retrieve_status(self) -> str:
        if self.shown_state:
            return "Unknown"
        return "Redeployed" if self.state == "live" and self.number > 1 else STATES[self.state][1]


@dataclass
class Journey:
    """A journey: what its versions have in common."""

    uid: str
    versions: list[JourneyVersion] = field(default_factory=list)

    @property
    def latest(self) -> JourneyVersion:
        return self.versions[-1]


@dataclass
class JourneyShelf:
    """The journeys of one sandbox, and what journeys may refer to there."""

    journeys: dict[str, Journey] = field(default_factory=dict)
    versions: dict[str, JourneyVersion] = field(default_factory=dict)
    templates: set[str] = field(default_factory=set)
    mobile_apps: set[str] = field(default_factory=set)
    system_uids: dict[str, str] = field(default_factory=dict)  # reserved name -> uid, where it is not the name itself
    object_names: set[tuple[str, str]] = field(default_factory=set)  # (member of the export, name)

    def system_objects(self) -> dict[str, list[dict[str, Any]]]:
        """The objects that this environment was provisioned with, by the member of an export that lists them."""
        found: dict[str, list[dict[str, Any]]] = {}
        for name, (group, title, more) in _SYSTEM_OBJECTS.items():
            uid = self.system_uids.get(name)
            names = {"uid": uid, "name": name, "displayName": title} if uid else {"uid": name, "name": title}
            thing = json.loads(json.dumps(names | {"builtIn": True} | more))
            if "dataProvider" in thing:
                thing["dataProvider"] = self.system_uids.get(thing["dataProvider"], thing["dataProvider"])
            found.setdefault(group, []).append(thing)
        return found

    def add(self, version: JourneyVersion) -> JourneyVersion:
        journey = self.journeys.setdefault(version.journey_uid, Journey(version.journey_uid))
        journey.versions.append(version)
        self.versions[version.uid] = version
        for group, thing in objects_of(version.document):
            self.object_names.add((group, str(thing.get("name", ""))))
        return version

    def remove(self, journey: Journey) -> None:
        del self.journeys[journey.uid]
        for version in journey.versions:
            del self.versions[version.uid]

    def clear(self) -> None:
        for memory in (self.journeys, self.versions, self.templates, self.mobile_apps, self.object_names):
            memory.clear()

    def free_name(self, name: str) -> str:
        """The name of a copy: the public text says "a new name", and a duplicate in the UI is called `<name>_copy`."""
        taken = {journey.latest.name for journey in self.journeys.values()}
        return next(one for one in _copies(name) if one not in taken)

    def free_object_name(self, group: str, name: str) -> str:
        """The same for an object; such names have 30 characters at most."""
        chosen = next(one for one in _copies(name, most=30) if (group, one) not in self.object_names)
        self.object_names.add((group, chosen))
        return chosen


def _copies(name: str, most: int | None = None) -> Iterable[str]:
    number = 1
    while True:
        suffix = "_copy" if number == 1 else f"_copy{number}"
        yield name[: most - len(suffix) if most else None] + suffix
        number += 1


def objects_of(document: Mapping[str, Any]) -> Iterable[tuple[str, dict[str, Any]]]:
    """The objects that an export lists beside the journey, with the member that lists them."""
    for group in GROUPS:
        for thing in document.get(group) or ():
            if isinstance(thing, dict):
                yield group, thing


def placeholders_in(document: Any) -> list[journey_trees.Spot]:
    """Where secrets are missing, outside objects of the system."""
    return [spot for spot in journey_trees.texts_in(document, skip=is_system) if PLACEHOLDER in spot.text]


def is_uuid(text: str) -> bool:
    if len(text) != 36:
        return False
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True

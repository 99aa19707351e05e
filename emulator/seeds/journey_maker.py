"""Words with which journeys are written: events, data sources, custom actions, steps, versions."""

import dataclasses
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emulator import kinds
from emulator.journey_things import PLACEHOLDER, JourneyVersion
from emulator.things import DAY_MS, Organization, SandboxObject
from emulator.world import World, stable_hex

Thing = dict[str, Any]


def basic(user: str) -> Thing:
    return {"type": "basic", "username": user, "password": PLACEHOLDER}


def api_key(name: str, location: str = "header") -> Thing:
    return {"type": "apiKey", "name": name, "location": location, "value": PLACEHOLDER}


def by_login(endpoint: str, client_id: str, *, has_basic_header: bool = False) -> Thing:
    """Adobe, Journeys guide, "External data sources", "Custom authentication mode"."""
    return {
        "type": "customAuthorization",
        "authorizationType": "bearer",
        "endpoint": endpoint,
        "method": "POST",
        "headers": {"Authorization": f"Basic {PLACEHOLDER}"} if has_basic_header else {},
        "body": {
            "bodyType": "form",
            "bodyParams": {
                "grant_type": "client_credentials",
                "client_id": client_id,
                "client_secret": PLACEHOLDER,
            },
        },
        "tokenInResponse": "json://access_token",
        "cacheDuration": {"duration": 5, "timeUnit": "seconds"},
    }


@dataclass(frozen=True)
class Source:
    """A data source with one field group."""

    name: str
    url: str
    authentication: Thing
    field_group: str
    fields: Mapping[str, Any]
    is_embedded: bool = False  # the field group holds a second copy of the data source


@dataclass(frozen=True)
class Action:
    """A custom action."""

    name: str
    url: str
    authentication: Thing | None = None
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    body: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    method: str = "POST"


@dataclass(frozen=True)
class Step:
    """A node: `to` names the nodes that follow, each with the name of its path and its condition, if there are any."""

    key: str
    kind: str
    name: str
    to: tuple[tuple[str, str, str], ...] = ()
    more: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    action: str = ""  # the name of a custom action


class JourneyMaker:
    """Fills the sandboxes of one organization. Ids follow from names and take nothing from the world's dice."""

    def __init__(self, world: World, org_id: str, sandbox: str) -> None:
        self._world = world
        self.org: Organization = world.organizations[org_id]
        self.sandbox = self.org.sandboxes[sandbox]
        self._sources: dict[str, Source] = {}
        self._actions: dict[str, Action] = {}
        self._events: dict[str, str] = {}

    def uid(self, *words: str) -> str:
        digits = stable_hex(self._world.seed, "journeys", self.org.id, self.sandbox.name, *words)
        return str(uuid.UUID(digits, version=4))

    def know(
        self, *, events: Mapping[str, str], sources: Sequence[Source] = (), actions: Sequence[Action] = ()
    ) -> None:
        """What journeys of this sandbox may use. Events name the schema of theirs by its title."""
        self._events |= events
        self._sources |= {source.name: source for source in sources}
        self._actions |= {action.name: action for action in actions}
        for title in events.values():
            self._schema(title)

    def _schema(self, title: str) -> str:
        if known := self.sandbox.titled(kinds.SCHEMA, title):
            return known[0].id
        digits = stable_hex(self._world.seed, "schema", self.org.id, self.sandbox.name, title, length=48)
        schema_id = f"https://ns.adobe.com/{self.org.tenant}/schemas/{digits}"
        self.sandbox.add(SandboxObject(schema_id, kinds.SCHEMA, title, self._ago(300)))
        return schema_id

    def _ago(self, days: float) -> int:
        return self._world.founded_ms - int(days * DAY_MS)

    # Objects

    def _stamped(self, kind: str, name: str, **members: Any) -> Thing:
        user = {"createdBy": self.org.user_name, "createdAt": "2024-03-04T09:12:30.118204Z"}
        return {"uid": self.uid(kind, name), "name": name, "builtIn": False, **members, "metadata": user}

    def event(self, name: str) -> Thing:
        reference = {
            "id": self._schema(self._events[name]),
            "contentType": "application/vnd.adobe.xed-full+json;version=1",
        }
        event_id = stable_hex(self.org.id, self.sandbox.name, "event", name, length=16)
        return self._stamped(
            "event",
            name,
            type="unitary",
            xdmEntity={
                "schemaRef": reference,
                "_experience": {"campaign": {"orchestration": {"eventID": event_id}}},
            },
        )

    def source(self, name: str) -> tuple[Thing, Thing]:
        """The data source and its field group."""
        known = self._sources[name]
        provider = self._stamped("source", name, url=known.url, authentication=known.authentication)
        entity = self._stamped(
            "field group", known.field_group, dataProvider=provider["uid"], payload=dict(known.fields)
        )
        if known.is_embedded:
            entity["provider"] = {member: provider[member] for member in ("uid", "name", "url", "authentication")}
        return provider, entity

    def action(self, name: str) -> Thing:
        known = self._actions[name]
        thing = self._stamped("action", name, url=known.url, method=known.method)
        thing["headers"] = [{"name": header, "value": value} for header, value in known.headers.items()]
        if known.authentication:
            thing["authentication"] = known.authentication
        if known.body:
            thing["body"] = dict(known.body)
        return thing

    # Journeys

    def steps(self, journey: str, steps: Sequence[Step], event_uids: Mapping[str, str]) -> tuple[list[Thing], Thing]:
        """The steps of a version as they are written, and where the designer draws them."""
        uids = {step.key: self.uid("step", journey, step.key) for step in steps}
        written: list[Thing] = []
        for step in steps:
            transitions = []
            for name, target, condition in step.to:
                transition: Thing = {"name": name or "default", "targetStep": uids[target]}
                if condition.startswith("event:"):
                    transition["eventId"] = event_uids[condition.removeprefix("event:")]
                elif condition:
                    transition["condition"] = condition
                transitions.append(transition)
            shown: Thing = {
                "uid": uids[step.key],
                "nodeId": f"n-{step.key}",
                "nodeName": step.name,
                "nodeType": step.kind,
            }
            shown |= step.more
            if step.action:
                reference = {"uid": self.uid("action", step.action)}
                shown["action"] = {
                    "uid": self.uid("use", journey, step.key),
                    "type": "customActionRef",
                    "elementRef": reference,
                }
            written.append(shown | {"transitions": transitions})
        nodes = {uids[step.key]: {"x": 120 + 180 * at, "y": 240} for at, step in enumerate(steps)}
        return written, nodes

    def version(
        self,
        name: str,
        number: int,
        steps: Sequence[Step],
        *,
        state: str,
        description: str = "",
        events: Sequence[str] = (),
        sources: Sequence[str] = (),
        kind: str = "unitary",
        age: float = 30,
        errors: Sequence[tuple[str, str]] = (),
        shown_state: str = "",
    ) -> JourneyVersion:
        """One version; make them in the order of their numbers."""
        event_things = [self.event(one) for one in events]
        written, nodes = self.steps(name, steps, {thing["name"]: thing["uid"] for thing in event_things})
        own = self.sandbox.shelf.system_objects()
        pairs = [self.source(one) for one in sources]
        actions = list(dict.fromkeys(step.action for step in steps if step.action))
        document = {
            "journey": {
                "authoringFormatVersion": "1.0",
                "type": kind,
                "initialStep": written[0]["uid"],
                "steps": written,
                "ui": {"nodes": nodes},
                "tags": [],
            },
            "events": event_things,
            "dataProviders": [*own["dataProviders"], *(provider for provider, _ in pairs)],
            "dataEntities": [*own["dataEntities"], *(entity for _, entity in pairs)],
            "customActions": [self.action(one) for one in actions],
        }
        created_ms, person = self._ago(age), (self.org.user_name, self.org.user_id)
        is_untouched, is_published = state == "draft" and number == 1, state not in ("draft", "testing", "in_review")
        return self.sandbox.shelf.add(
            JourneyVersion(
                uid=self.uid("version", name, str(number)),
                journey_uid=self.uid("journey", name),
                number=number,
                name=name,
                description=description,
                state=state,
                document=document,
                created_ms=created_ms,
                created_by=person,
                modified_ms=created_ms if is_untouched else self._ago(age * 0.7),
                modified_by=person,
                deployed_ms=self._ago(age * 0.6) if is_published else None,
                shown_state=shown_state,
                errors=[{"errorCode": code, "error": text} for code, text in errors],
            )
        )

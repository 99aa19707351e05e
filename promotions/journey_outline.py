"""What a journey consists of, read from documents of several shapes: steps, the paths between them, what they use.

No public text names the members of an export. So the steps are found by what they look like, wherever they stand; a
type of step that is not known keeps the word under which it came.
"""

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from clients.redaction import redact
from promotions.journey_document import IDS, KINDS, LIMIT_STEPS, LISTS, STARTS, loaded, steps_of, text_of

NAMES = ("nodeName", "name", "label", "title")
SUB_KINDS = ("nodeSubType", "subType")
TARGETS = ("targetStep", "targetNodeId", "targetNode", "target", "nextStep", "next")
NOT_SETTINGS = frozenset({"transitions", "uid", "id", "_id", "nodeName", "name", "nodeType", "nodeSubType"})
NOT_OF_JOURNEY = frozenset({*LISTS, *STARTS, *IDS, "name", "metadata", "ui", "_links"})
NOT_USED = frozenset({"transitions", "metadata", "ui", "tags", "labels", "_links"})

TYPES = {
    "events": "event",
    "event": "event",
    "dataProviders": "data source",
    "dataSources": "data source",
    "dataProvider": "data source",
    "dataSource": "data source",
    "provider": "data source",
    "dataEntities": "field group",
    "fieldGroups": "field group",
    "dataEntity": "field group",
    "fieldGroup": "field group",
    "dataPacks": "field group",
    "dataPack": "field group",
    "customActions": "custom action",
    "customAction": "custom action",
    "actions": "custom action",
}
KNOWN_TYPES = frozenset(TYPES.values())
# Adobe, Journey Optimizer guide, "Exporting and importing journeys": made with the sandbox, so never imported.
SYSTEM_NAMES = frozenset(
    {
        "acsDataProvider",
        "acppsDataProvider",
        "acppsFieldGroup",
        "acppsDataPack",
        "acsAction",
        "Adobe Campaign Standard Data Provider",
        "Experience Platform",
        "ExperiencePlatform",
        "ProfileFieldGroup",
    }
)
_FIELD = re.compile(r"#\{\s*(\w+)\.(\w+)\s*[.}]")
_EVENT = re.compile(r"@(?:event)?\{\s*(\w+)\s*[.}]")
_WORD_EDGE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[_\-\s]+")


@dataclass(frozen=True)
class Node:
    """One step. `kind` and `sub_kind` are the document's own words; `facts` are settings, also of its paths."""

    id: str
    name: str
    kind: str
    sub_kind: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Edge:
    """A path from one step to another; the target may be an id that no step has."""

    source: str
    target: str
    label: str


@dataclass(frozen=True)
class Used:
    """Something that the journey uses; `uid` or `name` may be "" where the document tells only one of them."""

    type: str
    uid: str
    name: str
    is_system: bool
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Outline:
    """A version of a journey. `start` is the id of its first step, "" if it has none; `facts` are its own settings."""

    name: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    used: tuple[Used, ...]
    start: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def outline_of(content: bytes | Mapping[str, Any]) -> Outline | None:
    """The outline of an export, of the answer to a request for the latest version, or of a PublicJourney.

    None if nothing in it looks like a journey, if it is no JSON, or if it is over one of the limits.
    """
    document = loaded(content)
    if document is None:
        return None
    found = steps_of(document)
    if found is None or len(found[1]) > LIMIT_STEPS:
        return None
    owners, steps = found
    journey = owners[-1]
    nodes, ids = _nodes(steps)
    return Outline(
        name=next((name for owner in reversed(owners) if (name := text_of(owner, ("name", "title")))), ""),
        nodes=nodes,
        edges=_edges(steps, nodes, ids),
        used=_used(document, journey, steps),
        start=_start(journey, nodes, ids),
        facts=_kept(journey, NOT_OF_JOURNEY | {key for key, member in journey.items() if _are_objects(member)}),
    )


def as_json(outline: Outline) -> dict[str, Any]:
    """The outline as it can be stored."""
    return asdict(outline)


def from_json(data: Mapping[str, Any]) -> Outline:
    """The outline that was stored."""
    return Outline(
        name=data["name"],
        nodes=tuple(Node(**node) for node in data["nodes"]),
        edges=tuple(Edge(**edge) for edge in data["edges"]),
        used=tuple(Used(**used) for used in data["used"]),
        start=data["start"],
        facts=data.get("facts", {}),
    )


def flow_order(outline: Outline) -> dict[str, int]:
    """The place of every step in a walk from the start, level by level; what the start does not reach comes last.

    Documents list steps in any order, so that says nothing about the journey.
    """
    following: dict[str, list[str]] = {node.id: [] for node in outline.nodes}
    for edge in outline.edges:
        following[edge.source].append(edge.target)
    order: dict[str, int] = {}
    for root in (outline.start, *following):
        queue = deque([root] if root in following else [])
        while queue:
            node = queue.popleft()
            if node in order or node not in following:
                continue
            order[node] = len(order)
            queue.extend(following[node])
    return order


def reached(outline: Outline) -> set[str]:
    """The ids of the steps that a walk from the start meets."""
    following: dict[str, list[str]] = {node.id: [] for node in outline.nodes}
    for edge in outline.edges:
        following[edge.source].append(edge.target)
    met: set[str] = set()
    stack = [outline.start]
    while stack:
        node = stack.pop()
        if node in following and node not in met:
            met.add(node)
            stack.extend(following[node])
    return met


def in_words(member: str) -> str:
    """A member's name as words: "elementRef" is "element ref"."""
    return " ".join(word if word.isupper() else word.lower() for word in _WORD_EDGE.split(member) if word) or member


def _nodes(steps: Sequence[Mapping[str, Any]]) -> tuple[tuple[Node, ...], dict[str, str]]:
    """The steps, and which step every id means: one goes by several, and transitions use any of them."""
    nodes: list[Node] = []
    taken: set[str] = set()
    ids: dict[str, str] = {}
    for number, step in enumerate(steps, 1):
        own = text_of(step, IDS) or f"step-{number}"
        unique, count = own, 1
        while unique in taken:
            count += 1
            unique = f"{own}#{count}"
        taken.add(unique)
        nodes.append(
            Node(unique, text_of(step, NAMES), text_of(step, KINDS), _sub_kind(step), _settings(step)),
        )
        ids.setdefault(own, unique)
    for node, step in zip(nodes, steps, strict=True):
        for member in IDS:
            if other := text_of(step, (member,)):
                ids.setdefault(other, node.id)
    return tuple(nodes), ids


def _sub_kind(step: Mapping[str, Any]) -> str:
    if own := text_of(step, SUB_KINDS):
        return own
    for member, inner in (("channel", "type"), ("surface", "channel"), ("action", "type")):
        value = step.get(member)
        if isinstance(value, str) and value:
            return value
        if isinstance(value, Mapping) and (found := text_of(value, (inner, "id") if member == "channel" else (inner,))):
            return found
    return ""


def _paths(step: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """The transitions of a step with a label each; the one that everybody takes has none."""
    member = step.get("transitions")
    rows: list[Mapping[str, Any]]
    if isinstance(member, Mapping):
        rows = [{"name": key, **value} for key, value in member.items() if isinstance(value, Mapping)]
    else:
        rows = [row for row in member if isinstance(row, Mapping)] if isinstance(member, list) else []
    labels = [text_of(row, ("name", "label")) or text_of(row, ("conditionType", "counterValue")) for row in rows]
    return [("" if label.lower() == "default" else label, row) for label, row in zip(labels, rows, strict=True)]


def _target(path: Mapping[str, Any]) -> str:
    for member in TARGETS:
        value = path.get(member)
        if found := text_of(value, IDS) if isinstance(value, Mapping) else text_of(path, (member,)):
            return found
    return ""


def _edges(steps: Sequence[Mapping[str, Any]], nodes: Sequence[Node], ids: Mapping[str, str]) -> tuple[Edge, ...]:
    found = [
        Edge(node.id, ids.get(target, target), label)
        for node, step in zip(nodes, steps, strict=True)
        for label, path in _paths(step)
        if (target := _target(path))
    ]
    return tuple(dict.fromkeys(found))


def _start(journey: Mapping[str, Any], nodes: Sequence[Node], ids: Mapping[str, str]) -> str:
    named = next((ids[text] for member in STARTS if (text := text_of(journey, (member,))) in ids), "")
    by_kind = next((node.id for node in nodes if node.kind.lower() in {"start", "entry", "trigger"}), "")
    return named or by_kind or (nodes[0].id if nodes else "")


def _settings(step: Mapping[str, Any]) -> dict[str, Any]:
    kind = next((member for member in KINDS if text_of(step, (member,))), "")
    facts = _kept(step, NOT_SETTINGS | {kind})
    paths: dict[str, Any] = {}
    for label, path in _paths(step):
        rest = _kept(path, frozenset({*TARGETS, "targetName", "name"}))
        name, count = label or "default", 1
        while name in paths:
            count += 1
            name = f"{label or 'default'} ({count})"
        if rest:
            paths[name] = rest
    return {**facts, "paths": paths} if paths else facts


def _kept(row: Mapping[str, Any], without: frozenset[str]) -> dict[str, Any]:
    """The members that say something; a secret would be replaced, though no export holds one."""
    rest = {key: value for key, value in row.items() if key not in without and value not in (None, "", [], {})}
    kept: dict[str, Any] = redact(rest)
    return kept


def _are_objects(member: Any) -> bool:
    """Whether it lists things with an id and a name of their own; those are shown as used."""
    rows = member if isinstance(member, list) else []
    return bool(rows) and all(
        isinstance(row, Mapping) and text_of(row, IDS) and text_of(row, ("name",)) for row in rows
    )


def _used(
    document: Mapping[str, Any], journey: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]
) -> tuple[Used, ...]:
    """Each once, though an object may stand beside the journey and again inside of what needs it.

    What a member is known to hold counts for more than its name, made a word where it is not known.
    """
    around = {id(step) for step in steps} | {id(journey)}
    found: dict[tuple[str, str], Used] = {}
    invented: dict[str, tuple[str, str]] = {}
    stack: list[tuple[str, Any]] = [("", document)]
    while stack:
        member, value = stack.pop()
        if isinstance(value, list):
            stack += [(member, row) for row in reversed(value)]
            continue
        if not isinstance(value, Mapping):
            continue
        uid, name = text_of(value, ("uid", "id", "_id")), text_of(value, ("name", "title"))
        is_step = bool(text_of(value, ("nodeType", "nodeName")) or "transitions" in value)
        if uid and name and member and not is_step and id(value) not in around and not _holds(value, journey):
            kind = TYPES.get(member) or _singular(in_words(member))
            facts = _kept(value, frozenset({"uid", "id", "_id", "name"}))
            if member in TYPES or invented.setdefault(uid, (kind, uid)) == (kind, uid):
                found.setdefault((kind, uid), Used(kind, uid, name, _is_system(value, uid, name), facts))
        stack += [(key, inner) for key, inner in reversed(list(value.items())) if key not in NOT_USED]
    sure = {uid for kind, uid in found if kind in KNOWN_TYPES}
    found = {key: used for key, used in found.items() if key[0] in KNOWN_TYPES or used.uid not in sure}
    known = {text for used in found.values() for text in (used.uid, used.name)}
    for kind, uid, name in _referred(steps):
        if (uid or name) not in known:
            found.setdefault((kind, uid or name), Used(kind, uid, name, {uid, name} & SYSTEM_NAMES != set(), {}))
    return tuple(found.values())


def _holds(value: Mapping[str, Any], journey: Mapping[str, Any]) -> bool:
    return any(member is journey for member in value.values())


def _is_system(value: Mapping[str, Any], uid: str, name: str) -> bool:
    return value.get("builtIn") is True or uid in SYSTEM_NAMES or name in SYSTEM_NAMES


def _singular(words: str) -> str:
    if words.endswith("ies"):
        return f"{words[:-3]}y"
    return words[:-1] if words.endswith("s") and not words.endswith("ss") else words


def _referred(steps: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """Type, uid and name of what steps point at, by the id of an event or an action or in an expression."""
    for step in steps:
        stack: list[Any] = [step]
        while stack:
            value = stack.pop()
            if isinstance(value, str):
                for source, group in _FIELD.findall(value):
                    yield "data source", "", source
                    yield "field group", "", group
                for event in _EVENT.findall(value):
                    yield "event", "", event
            elif isinstance(value, list):
                stack.extend(value)
            elif isinstance(value, Mapping):
                if event := text_of(value, ("eventId",)):
                    yield "event", event, ""
                reference = value.get("elementRef")
                if value.get("type") == "customActionRef" and isinstance(reference, Mapping):
                    yield "custom action", text_of(reference, IDS), ""
                stack.extend(value.values())

"""The accounts of an accounts template, as they are read.

There is a node for each account, with its UUID and a property_map whose structure differs by type. What its `value`
keys hold may be edited; one may hold an object with further `value` keys, and then only the innermost are edited
(SnapLogic, public API, "Import an API version"). The layout of the whole is documented nowhere: nodes may be members
named by UUID or a list, also in an outer object.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from promotions.services.errors import RefusedError
from promotions.systems.snaplogic.json_reading import Number, UnfitJsonError, load, unstorable
from promotions.systems.snaplogic.secret_words import (
    HIDDEN,
    holds_secret,
    is_secret_key,
    shown,
    shown_name,
)

NAME = "accounts_template.json"
VALUE = "value"
PROPERTIES = "property_map"
_ID_MEMBERS = ("uuid", "id", "instance_id", "account_id", "snode_id", "snode")
# What an outer object may hold the nodes under, or under anything else if it is all there is.
_OUTER_MEMBERS = ("accounts", "nodes", "entries", "assets", "account")

Kind = Literal["text", "number", "flag", "nothing"]
Scalar = str | bool | None
Edits = Mapping[str, Mapping[str, str]]
"""By UUID of the account, then by pointer of the value: what was typed."""


class UnknownLayoutError(RefusedError):
    """The template is JSON, and laid out in a way that is not known: accounts can only stay as exported."""


@dataclass(frozen=True)
class Leaf:
    """A value that may be edited."""

    pointer: str
    """Within the node."""
    label: str
    key: str
    """Of the property that it is the value of."""
    value: Scalar = field(repr=False)
    """As exported, numbers as they are written. Not to be shown: see `shown`."""
    is_secret: bool
    kind: Kind

    @property
    def shown(self) -> str:
        """The value as it may be shown and offered for editing; nothing of a secret."""
        if self.is_secret:
            return HIDDEN if self.is_filled else ""
        return shown(self.text)

    @property
    def text(self) -> str:
        """The value as somebody would type it."""
        if isinstance(self.value, bool):
            return "true" if self.value else "false"
        return self.value or ""

    @property
    def is_filled(self) -> bool:
        return self.value not in ("", None)

    @property
    def must_be_typed(self) -> bool:
        """An empty secret was not encrypted, so it may stay so."""
        return self.is_secret and self.is_filled


@dataclass(frozen=True)
class AccountNode:
    """One account of the template."""

    uuid: str
    name: str
    class_id: str
    leaves: tuple[Leaf, ...]

    @cached_property
    def by_pointer(self) -> Mapping[str, Leaf]:
        return {leaf.pointer: leaf for leaf in self.leaves}


@dataclass(frozen=True)
class AccountsTemplate:
    """The whole template. It holds secrets, though encrypted ones, and is neither shown nor logged."""

    nodes: tuple[AccountNode, ...]
    content: bytes = field(repr=False)

    @cached_property
    def by_uuid(self) -> Mapping[str, AccountNode]:
        return {node.uuid: node for node in self.nodes}


def parse(content: bytes) -> AccountsTemplate:
    """Raises UnfitJsonError for what is no JSON, UnknownLayoutError for what is none of the known layouts."""
    nodes = Document(content, NAME).nodes.items()
    return AccountsTemplate(tuple(_read_node(uuid, node) for uuid, node in nodes), content)


class Document:
    """A template, with its nodes where they are."""

    def __init__(self, content: bytes, name: str) -> None:
        self.whole: Any = load(content, name=name) if content.strip() else {}
        self._outer, self._member, self.holder = _find_holder(self.whole, name)
        self.nodes: dict[str, dict[str, Any]] = {}
        if isinstance(self.holder, dict):
            self.nodes.update(self.holder)
            return
        for node in self.holder:
            uuid = next((node[member] for member in _ID_MEMBERS if _is_id(node.get(member))), None)
            if uuid is None:
                raise UnknownLayoutError(f"{name} lists an account without an id.", field="file")
            if uuid in self.nodes:
                raise UnfitJsonError(f"{name} lists the account {shown_name(uuid)} twice.", field="file")
            self.nodes[uuid] = node

    def narrowed(self, to: Edits) -> Any:
        """The whole in its layout with these nodes only."""
        kept: Any = {uuid: node for uuid, node in self.nodes.items() if uuid in to}
        if isinstance(self.holder, list):
            kept = list(kept.values())
        return kept if self._outer is None else {**self._outer, self._member: kept}


def _is_id(value: Any) -> bool:
    return (
        isinstance(value, str)
        and not isinstance(value, Number)
        and 0 < len(value) <= 200
        and not unstorable.search(value)
    )


def _find_holder(whole: Any, name: str) -> tuple[dict[str, Any] | None, str, Any]:
    if _holds_nodes(whole):
        return None, "", whole
    if isinstance(whole, dict):
        for member in (*_OUTER_MEMBERS, *whole):
            if _holds_nodes(whole.get(member)) and (whole[member] or member in _OUTER_MEMBERS):
                return whole, member, whole[member]
    raise UnknownLayoutError(f"{name} is not laid out in a way that Towpath knows.", field="file")


def _holds_nodes(value: Any) -> bool:
    if not isinstance(value, dict | list):
        return False
    nodes = value.values() if isinstance(value, dict) else value
    if isinstance(value, dict) and not all(_is_id(uuid) for uuid in value):
        return False
    return all(isinstance(node, dict) and isinstance(node.get(PROPERTIES), dict) for node in nodes)


def _read_node(uuid: str, node: Mapping[str, Any]) -> AccountNode:
    leaves = tuple(
        _leaf(steps, value)
        for steps, value in walk(node[PROPERTIES], (PROPERTIES,))
        if steps[-1] == VALUE and not isinstance(value, dict | list)
    )
    class_id = node.get("class_id") or node.get("class_fqid")
    return AccountNode(
        uuid, account_name(uuid, node), shown_name(class_id)[:200] if isinstance(class_id, str) else "", leaves
    )


def account_name(uuid: str, node: Mapping[str, Any]) -> str:
    label: Any = node.get("name")
    if not isinstance(label, str) or not label.strip():
        label = node[PROPERTIES]
        for step in ("info", "label", VALUE):
            label = label.get(step) if isinstance(label, dict) else None
    return shown_name(label.strip())[:200] if isinstance(label, str) and label.strip() else shown_name(uuid)


def walk(value: Any, steps: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Everything below a value, and where it is."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, below in members:
        here = (*steps, str(name))
        yield here, below
        yield from walk(below, here)


def _leaf(steps: tuple[str, ...], value: Scalar) -> Leaf:
    names = [step for step in steps[1:-1] if step != VALUE] or [VALUE]
    kind = kind_of(value)
    is_secret = kind != "flag" and (is_secret_key(names) or (isinstance(value, str) and holds_secret(value)))
    label = " › ".join(str(int(name) + 1) if name.isdecimal() and len(name) < 9 else name for name in names)
    return Leaf(_pointer(steps), shown_name(label), shown_name(names[-1]), value, is_secret, kind)


def kind_of(value: Scalar) -> Kind:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "flag"
    return "number" if isinstance(value, Number) else "text"


def _pointer(steps: Sequence[str]) -> str:
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)

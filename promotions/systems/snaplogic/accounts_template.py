"""accounts_template.json of an exported version, and the file_account that is made of it for an import.

A node for each account: to change one, only what its `value` keys hold may be edited; the account's UUID and the
structure of property_map, which differs by type, stay; every encrypted value of a node that is sent has to be given in
plain text, even unchanged, since the import encrypts again; nodes that need no change are left out (SnapLogic, public
API, "Import an API version"). A `value` may hold an object with further `value` keys; only the innermost are edited.
The layout of the whole is documented nowhere: nodes may be members named by UUID or a list, also in an outer object.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from promotions.services.errors import RefusedError
from promotions.systems.snaplogic.json_reading import Number, UnfitJsonError, dump, load, unstorable
from promotions.systems.snaplogic.secret_words import (
    HIDDEN,
    holds_secret,
    is_encrypted,
    is_secret_key,
    looks_secret,
    shown,
    shown_name,
)
from promotions.systems.stored import NotFilledError

__all__ = [
    "HIDDEN",
    "AccountNode",
    "AccountsTemplate",
    "ChangedShapeError",
    "Leaf",
    "NotFilledError",
    "UnknownLayoutError",
    "edits_of",
    "file_account",
    "masked",
    "parse",
    "same_shape",
    "shown",
    "shown_account",
]

NAME = "accounts_template.json"
VALUE = "value"
PROPERTIES = "property_map"
LIMIT_TEXT = 100_000
MAX_DIFFERENCES = 50
_ID_MEMBERS = ("uuid", "id", "instance_id", "account_id", "snode_id", "snode")
# What an outer object may hold the nodes under, or under anything else if it is all there is.
_OUTER_MEMBERS = ("accounts", "nodes", "entries", "assets", "account")
_number = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")

Kind = Literal["text", "number", "flag", "nothing"]
Scalar = str | bool | None
Edits = Mapping[str, Mapping[str, str]]


class UnknownLayoutError(RefusedError):
    """The template is JSON, and laid out in a way that is not known: accounts can only stay as exported."""


class ChangedShapeError(RefusedError):
    """A file edited by hand changes more than values."""

    def __init__(self, differences: Sequence[str]) -> None:
        super().__init__(" ".join(["The file does not have the structure of the export.", *differences]), field="file")
        self.differences = list(differences)


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
    nodes = _Document(content, NAME).nodes.items()
    return AccountsTemplate(tuple(_read_node(uuid, node) for uuid, node in nodes), content)


def file_account(template: AccountsTemplate, edits: Edits) -> bytes:
    """What to send: the nodes of `edits` (by UUID, then pointer, what was typed), in the layout of the template.

    A leaf that is not named stays as it is. Raises NotFilledError where a secret of such a node is not given or
    something typed does not fit its kind, and where an account or a place is not in the template.
    """
    document = _Document(template.content, NAME)
    for account, typed in _accounts(template, edits):
        node = document.nodes[account.uuid]
        _require_secrets(account, typed)
        for pointer, text in typed.items():
            _put(node, pointer, _fitting(account, _leaf_at(account, pointer), text))
        _require_clear(account, node)
    return dump(document.narrowed(edits)).encode()


def shown_account(template: AccountsTemplate, edits: Edits) -> str:
    """The same for people: every secret is hidden, whether it is given or not. Raises NotFilledError likewise."""
    document = _Document(template.content, NAME)
    for account, typed in _accounts(template, edits):
        for pointer, text in typed.items():
            leaf = _leaf_at(account, pointer)
            _put(document.nodes[account.uuid], pointer, HIDDEN if leaf.is_secret else _fitting(account, leaf, text))
    return dump(_masked(document.narrowed(edits), ()), is_ascii=False)


def edits_of(template: AccountsTemplate, other: bytes) -> dict[str, dict[str, str]]:
    """What a file_account edited by hand puts at every place, as if it had been typed into a form.

    Raises ChangedShapeError if it is not of the template's shape, and what `parse` does.
    """
    differences = same_shape(template, other)
    if differences:
        raise ChangedShapeError(differences)
    return {node.uuid: {leaf.pointer: leaf.text for leaf in node.leaves} for node in parse(other).nodes}


def same_shape(template: AccountsTemplate, other: bytes) -> list[str]:
    """Sentences on what an edited template changes besides its values; it may leave out whole accounts.

    Raises UnfitJsonError and UnknownLayoutError if the other one cannot be read.
    """
    whole, edited = _Document(template.content, NAME), _Document(other, "The file")
    found: list[str] = []
    if not edited.nodes:
        found.append("It holds no account.")
    if isinstance(whole.holder, list) is not isinstance(edited.holder, list):
        found.append("Its accounts are laid out in another way.")
    for uuid, node in edited.nodes.items():
        known = whole.nodes.get(uuid)
        if known is None:
            found.append(f"It has an account {shown_name(uuid[:100])} that the export does not have.")
            continue
        name = _name(uuid, known)
        for place in _differences(known, node, (), is_value=False):
            found.append(f"In the account {name}: {place}.")
            if len(found) >= MAX_DIFFERENCES:
                return [*found, "There are more differences."]
    return found


def masked(content: bytes) -> str:
    """The JSON of a template or a file_account for display: secrets, also supposed ones, are hidden."""
    document = _Document(content, "The file")
    return dump(_masked(document.whole, ()), is_ascii=False)


class _Document:
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
        for steps, value in _walk(node[PROPERTIES], (PROPERTIES,))
        if steps[-1] == VALUE and not isinstance(value, dict | list)
    )
    class_id = node.get("class_id") or node.get("class_fqid")
    return AccountNode(uuid, _name(uuid, node), shown_name(class_id)[:200] if isinstance(class_id, str) else "", leaves)


def _name(uuid: str, node: Mapping[str, Any]) -> str:
    label: Any = node.get("name")
    if not isinstance(label, str) or not label.strip():
        label = node[PROPERTIES]
        for step in ("info", "label", VALUE):
            label = label.get(step) if isinstance(label, dict) else None
    return shown_name(label.strip())[:200] if isinstance(label, str) and label.strip() else shown_name(uuid)


def _walk(value: Any, steps: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Everything below a value, and where it is."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, below in members:
        here = (*steps, str(name))
        yield here, below
        yield from _walk(below, here)


def _leaf(steps: tuple[str, ...], value: Scalar) -> Leaf:
    names = [step for step in steps[1:-1] if step != VALUE] or [VALUE]
    kind = _kind(value)
    is_secret = kind != "flag" and (is_secret_key(names) or (isinstance(value, str) and holds_secret(value)))
    label = " › ".join(str(int(name) + 1) if name.isdecimal() and len(name) < 9 else name for name in names)
    return Leaf(_pointer(steps), shown_name(label), shown_name(names[-1]), value, is_secret, kind)


def _kind(value: Scalar) -> Kind:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "flag"
    return "number" if isinstance(value, Number) else "text"


def _pointer(steps: Sequence[str]) -> str:
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)


def _accounts(template: AccountsTemplate, edits: Edits) -> Iterator[tuple[AccountNode, Mapping[str, str]]]:
    for uuid, typed in edits.items():
        account = template.by_uuid.get(uuid)
        if account is None:
            raise NotFilledError(f"The export holds no account {shown_name(uuid[:100])}. Refresh the plan.")
        yield account, typed


def _leaf_at(account: AccountNode, pointer: str) -> Leaf:
    found = account.by_pointer.get(pointer)
    if found is None:
        raise NotFilledError(
            f"The account {account.name} has no value at {shown_name(pointer[:200])}. Refresh the plan."
        )
    return found


def _require_secrets(account: AccountNode, typed: Mapping[str, str]) -> None:
    missing = [leaf.label for leaf in account.leaves if leaf.must_be_typed and not typed.get(leaf.pointer)]
    if missing:
        raise NotFilledError(
            f"The account {account.name} cannot be sent before these are typed in plain text, even if they are to "
            f"stay the same: {', '.join(missing)}. The export holds them encrypted, and the import encrypts again."
        )


def _require_clear(account: AccountNode, node: Mapping[str, Any]) -> None:
    for steps, value in _walk(node, ()):
        if isinstance(value, str) and is_encrypted(value):
            raise NotFilledError(
                f"The account {account.name} still holds an encrypted value at {shown_name(' › '.join(steps)[:500])}, where none "
                "can be typed. Leave this account as exported, and edit it in SnapLogic after the import."
            )


def _fitting(account: AccountNode, leaf: Leaf, text: str) -> Scalar:
    where = f"{leaf.label} of the account {account.name}"
    if len(text) > LIMIT_TEXT:
        raise NotFilledError(f"{where} is longer than {LIMIT_TEXT:,} characters.")
    if leaf.kind == "number":
        if not _number.fullmatch(text.strip()):
            raise NotFilledError(f"{where} has to stay a number, such as 10 or 2.5.")
        return Number(text.strip())
    if leaf.kind == "flag":
        if text.strip().lower() not in ("true", "false"):
            raise NotFilledError(f"{where} has to stay true or false.")
        return text.strip().lower() == "true"
    if leaf.kind == "nothing" and not text:
        return None
    if leaf.is_secret and text and (is_encrypted(text) or (text == leaf.value and looks_secret(text))):
        raise NotFilledError(f"{where} is still the encrypted value of the export. Type it in plain text.")
    return text


def _put(node: dict[str, Any], pointer: str, value: Scalar) -> None:
    *way, last = (step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])
    here: Any = node
    for step in way:
        here = here[int(step)] if isinstance(here, list) else here[step]
    here[last] = value


def _differences(known: Any, other: Any, steps: tuple[str, ...], *, is_value: bool) -> Iterator[str]:
    """Places, never values: they may be secrets."""
    place = shown_name(" › ".join(steps)[:500]) or "the account itself"
    if isinstance(known, dict) and isinstance(other, dict):
        for name in known.keys() - other.keys():
            yield f"{shown_name(name[:100])} is missing in {place}"
        for name in other.keys() - known.keys():
            yield f"{shown_name(name[:100])} was added to {place}"
        for name in known.keys() & other.keys():
            yield from _differences(known[name], other[name], (*steps, name), is_value=name == VALUE)
    elif isinstance(known, list) and isinstance(other, list):
        if len(known) != len(other):
            yield f"{place} has another number of elements"
            return
        for number, (one, another) in enumerate(zip(known, other, strict=True), start=1):
            yield from _differences(one, another, (*steps, str(number)), is_value=False)
    elif isinstance(known, dict | list) or isinstance(other, dict | list):
        yield f"{place} has another structure"
    elif not is_value or PROPERTIES not in steps:
        if known != other or _kind(known) != _kind(other):
            yield f"{place} was changed, and only what a value key of property_map holds may be"
    elif _kind(known) != _kind(other) and "nothing" not in (_kind(known), _kind(other)):
        yield f"{place} was a {_kind(known)} and is a {_kind(other)} now"


def _masked(value: Any, names: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return {
            shown(name): _masked(below, names if name == VALUE else (*names, name)) for name, below in value.items()
        }
    if isinstance(value, list):
        return [_masked(below, names) for below in value]
    if value is None or isinstance(value, bool) or value == "":
        return value
    if is_secret_key(names[1:] if PROPERTIES in names else names[-1:]):
        return HIDDEN
    return value if isinstance(value, Number) else shown(value)

"""accounts_template.json of an exported version, and the file_account that is made of it for an import.

Only edited accounts are sent, and only their values changed. Every encrypted value of an account that is sent has to be
given in plain text, even unchanged, since the import encrypts again (SnapLogic, public API, "Import an API version").
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from promotions.systems.snaplogic.json_reading import Number, dump
from promotions.systems.snaplogic.secret_words import (
    HIDDEN,
    is_encrypted,
    is_secret_key,
    looks_secret,
    shown,
    shown_name,
)
from promotions.systems.snaplogic.template_nodes import (
    NAME,
    PROPERTIES,
    VALUE,
    AccountNode,
    AccountsTemplate,
    Document,
    Edits,
    Leaf,
    Scalar,
    UnknownLayoutError,
    parse,
    walk,
)
from promotions.systems.snaplogic.template_shape import ChangedShapeError, edits_of, same_shape
from promotions.systems.stored import NotFilledError

__all__ = [
    "HIDDEN",
    "NAME",
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

LIMIT_TEXT = 100_000
_number = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")


def file_account(template: AccountsTemplate, edits: Edits) -> bytes:
    """What to send: the nodes of `edits` (by UUID, then pointer, what was typed), in the layout of the template.

    A leaf that is not named stays as it is. Raises NotFilledError where a secret of such a node is not given or
    something typed does not fit its kind, and where an account or a place is not in the template.
    """
    document = Document(template.content, NAME)
    for account, typed in _accounts(template, edits):
        node = document.nodes[account.uuid]
        _require_secrets(account, typed)
        for pointer, text in typed.items():
            _put(node, pointer, _fitting(account, _leaf_at(account, pointer), text))
        _require_clear(account, node)
    return dump(document.narrowed(edits)).encode()


def shown_account(template: AccountsTemplate, edits: Edits) -> str:
    """The same for people: every secret is hidden, whether it is given or not. Raises NotFilledError likewise."""
    document = Document(template.content, NAME)
    for account, typed in _accounts(template, edits):
        for pointer, text in typed.items():
            leaf = _leaf_at(account, pointer)
            _put(document.nodes[account.uuid], pointer, HIDDEN if leaf.is_secret else _fitting(account, leaf, text))
    return dump(_masked(document.narrowed(edits), ()), is_ascii=False)


def masked(content: bytes) -> str:
    """The JSON of a template or a file_account for display: secrets, also supposed ones, are hidden."""
    document = Document(content, "The file")
    return dump(_masked(document.whole, ()), is_ascii=False)


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
    for steps, value in walk(node, ()):
        if isinstance(value, str) and is_encrypted(value):
            where = shown_name(" › ".join(steps)[:500])
            raise NotFilledError(
                f"The account {account.name} still holds an encrypted value at {where}, where none can be typed. "
                "Leave this account as exported, and edit it in SnapLogic after the import."
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

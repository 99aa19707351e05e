"""Accounts: where their values stand, and how secrets are sealed.

A `value` member holds a scalar, or an object with further `value` members: only the innermost are values.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from emulator.snaplogic_things import Sealed, SnapAsset
from emulator.world import World

MOST_LEVELS = 50
_SECRET_NAME = re.compile(r"(password|passphrase|secret|token|private_?key)$", re.IGNORECASE)


class AccountError(ValueError):
    """A sentence about an account that cannot be taken over like this."""


def is_sealed(value: object) -> bool:
    return isinstance(value, str) and value.startswith("ENC(") and value.endswith(")")


def seal(world: World, org: str, plain: object, *, came_as_plain_text: bool = True) -> str:
    """A text that stands for a secret of this organization; only a digest of the secret is kept."""
    sealed = f"ENC({base64.b64encode(world.random.randbytes(18)).decode('ascii')})"
    world.snaplogic.vault[sealed] = Sealed(org, digest(plain), came_as_plain_text)
    return sealed


def digest(plain: object) -> str:
    text = plain if isinstance(plain, str) else json.dumps(plain)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def leaves(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Where each value stands below a property map, and the object whose member `value` it is.

    Raises AccountError if it is nested deeper than any account is.
    """
    if len(path) > MOST_LEVELS:
        raise AccountError("property_map is nested too deep")
    if isinstance(node, dict):
        for name, inner in node.items():
            if name == "value" and not isinstance(inner, dict | list):
                yield path, node
            else:
                yield from leaves(inner, (*path, name))
    elif isinstance(node, list):
        for position, inner in enumerate(node):
            yield from leaves(inner, (*path, str(position)))


def edited(world: World, org: str, account: SnapAsset, node: Mapping[str, Any]) -> dict[str, Any]:
    """The document of an account with the values of its node, secrets sealed for this organization.

    Raises AccountError if the structure is another one, or if a value is still encrypted.
    """
    stored = account.document or {}
    given = node.get("property_map")
    values = {path: leaf["value"] for path, leaf in leaves(given)}
    if _shape(given) != _shape(stored.get("property_map")):
        raise AccountError(f"The structure of property_map was changed: account {account.asset_id}")
    document: dict[str, Any] = json.loads(json.dumps(stored))
    for path, leaf in leaves(document["property_map"]):
        value = values[path]
        if is_sealed(value):
            raise AccountError(
                f"The value of {'.'.join(path)} is still encrypted, enter it as plain text: account {account.asset_id}"
            )
        is_secret = is_sealed(leaf["value"]) or (value not in ("", None) and _SECRET_NAME.search(path[-1]))
        leaf["value"] = seal(world, org, value) if is_secret else value
    return document


def is_readable(world: World, org: str, account: SnapAsset) -> bool:
    """Whether this organization can decrypt all that the account holds."""
    vault = world.snaplogic.vault
    sealed = [leaf["value"] for _, leaf in leaves(_map_of(account)) if is_sealed(leaf["value"])]
    return all(one in vault and vault[one].org == org for one in sealed)


def template_of(account: SnapAsset) -> dict[str, Any]:
    """The node of an account in accounts_template.json."""
    return {"name": account.name, **(account.document or {})}


def values_of(world: World, org: str, account: SnapAsset) -> list[dict[str, Any]]:
    """Each value as it is stored: itself if it is no secret, and the SHA-256 of what it says if that is known."""
    shown = []
    for path, leaf in leaves(_map_of(account)):
        value, where = leaf["value"], ".".join(path)
        if is_sealed(value):
            known = world.snaplogic.vault.get(value)
            shown.append(
                {
                    "path": where,
                    "is_secret": True,
                    "is_readable": known is not None and known.org == org,
                    "reencrypted": known is not None and known.org == org and known.came_as_plain_text,
                    "sha256": known.sha256 if known else None,
                }
            )
        else:
            shown.append({"path": where, "is_secret": False, "value": value, "sha256": digest(value)})
    return shown


def _map_of(account: SnapAsset) -> Any:
    return (account.document or {}).get("property_map")


def _shape(node: Any) -> Any:
    """Names and nesting, without the values."""
    if isinstance(node, dict):
        return {
            name: None if name == "value" and not isinstance(inner, dict | list) else _shape(inner)
            for name, inner in node.items()
        }
    if isinstance(node, list):
        return [_shape(inner) for inner in node]
    return node

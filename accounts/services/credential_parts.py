"""Whether the parts of a credential can be what they are said to be, told before anything is sent."""

from collections.abc import Mapping
from typing import Any

from accounts.choices import CredentialKind, OrganizationKind
from accounts.errors import RefusedError
from accounts.vendors import VENDORS, parts_of
from clients.ims import check_private_key
from clients.signing_keys import check_signing_key

TECHNICAL_ACCOUNT_ENDING = "@techacct.adobe.com"
TEXT_LENGTH = 200
# Both kinds of Adobe have one form and one shape of documents, so what only the other kind uses comes along.
_OF_ADOBE = VENDORS[OrganizationKind.ADOBE].credential_kinds
_SHARED_BY_ADOBE = {"scopes", "technical_account_id", "metascopes", "private_key"}
_NAMES = {
    "client_secret": "client secret",
    "private_key": "private key",
    "technical_account_id": "technical account id",
    "issuer": "issuer id",
    "key_id": "key id",
}


def checked_id(kind: CredentialKind, client_id: str) -> str:
    """The client id or user name without blanks around it; raises RefusedError."""
    client_id = client_id.strip()
    if kind in _OF_ADOBE:
        if not client_id.isascii() or not client_id.isprintable() or not client_id or " " in client_id:
            raise RefusedError("A client id is one word without blanks. Copy it again.", field="client_id")
        return client_id
    if not client_id:
        raise RefusedError("Enter the user name, as SnapLogic knows it.", field="client_id")
    _require_plain("user name", client_id, field="client_id")
    if ":" in client_id:
        raise RefusedError(
            "A user name holds no colon, which stands between name and password when they are sent. Enter the name "
            "alone.",
            field="client_id",
        )
    return client_id


def checked_facts(kind: CredentialKind, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The parts that are no secret; raises RefusedError for one that is missing, odd, or of another kind."""
    parts = parts_of(kind)
    for field, value in facts.items():
        if value and field not in parts.facts:
            _refuse_foreign(kind, field)
    if kind is CredentialKind.JWT and not facts["technical_account_id"].endswith(TECHNICAL_ACCOUNT_ENDING):
        raise RefusedError(
            f"A technical account id ends in {TECHNICAL_ACCOUNT_ENDING}; the Adobe Developer Console shows it.",
            field="technical_account_id",
        )
    if "issuer" in parts.facts and not facts["issuer"]:
        raise RefusedError("Enter the issuer id that was set for the environment at SnapLogic.", field="issuer")
    for field in ("issuer", "key_id"):
        _require_plain(_NAMES[field], facts[field], field=field)
    return dict(facts)


def checked_secrets(kind: CredentialKind, *, client_secret: str, private_key: str) -> dict[str, str]:
    """The secret parts as they are to be kept; raises RefusedError."""
    parts = parts_of(kind)
    given = {"client_secret": client_secret, "private_key": private_key}
    for field, value in given.items():
        if value and field not in parts.secrets:
            _refuse_foreign(kind, field)
    if kind in _OF_ADOBE:
        given["client_secret"] = client_secret.strip()
    if "client_secret" in parts.secrets and not given["client_secret"]:
        what = "password" if parts.has_password else "secret"
        raise RefusedError(f"Enter the {what}.", field="client_secret")
    if parts.has_password and not client_secret.isprintable():
        raise RefusedError(
            "The password holds a line break or another sign that cannot be typed. Copy it again.",
            field="client_secret",
        )
    if "private_key" in parts.secrets:
        check = check_private_key if kind in _OF_ADOBE else check_signing_key
        try:
            check(private_key)
        except ValueError as exc:
            raise RefusedError(str(exc), field="private_key") from exc
    return {field: given[field] for field in parts.secrets}


def _refuse_foreign(kind: CredentialKind, field: str) -> None:
    if kind in _OF_ADOBE and field in _SHARED_BY_ADOBE:
        return
    raise RefusedError(
        f"A credential of the kind {kind.label} has no {_NAMES.get(field, field)}. Leave it out.", field=field
    )


def _require_plain(what: str, text: str, *, field: str) -> None:
    if len(text) > TEXT_LENGTH:
        raise RefusedError(f"The {what} is too long: it has {len(text)} of {TEXT_LENGTH} characters.", field=field)
    if not text.isprintable():
        raise RefusedError(
            f"The {what} holds a line break or another sign that cannot be seen. Copy it again.", field=field
        )

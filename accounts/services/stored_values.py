"""Named secrets of an organization: admins set them, operators choose them by name, nobody sees them."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts import crypto
from accounts.errors import InUseError, RefusedError
from accounts.models import Organization, StoredValue, User
from accounts.services import audit, changing, usage

VALUE_LENGTH = 10_000
NOUN = "value"


@transaction.atomic
def add(*, organization: Organization, name: str, value: str, description: str = "", actor: User | None) -> StoredValue:
    """Keep a value under a name; raises RefusedError if the name is taken or the value empty."""
    changing.require_admin(actor, organization)
    name, value = _checked_name(name), _checked_value(value)
    with changing.free_name(organization, NOUN, name):
        stored = StoredValue.objects.create(organization=organization, name=name, description=description.strip())
    _put(stored, value, by=actor)
    audit.record(audit.Verb.VALUE_ADDED, actor=actor, subject=stored, details={"description": stored.description})
    return stored


@transaction.atomic
def edit(*, stored: StoredValue, name: str, description: str, actor: User | None) -> StoredValue:
    """Rename or describe; whatever chose the value goes on using it."""
    changing.require_admin(actor, stored.organization)
    row = _locked(stored)
    values: dict[str, Any] = {"name": _checked_name(name), "description": description.strip()}
    changes = changing.differences(row, values)
    if not changes:
        return row
    with changing.free_name(row.organization, NOUN, values["name"]):
        changing.write(row, values)
    audit.record(audit.Verb.VALUE_CHANGED, actor=actor, subject=row, details=changes)
    return row


@transaction.atomic
def set_value(*, stored: StoredValue, value: str, confirmed_name: str = "", actor: User | None) -> StoredValue:
    """Put another value in the place of the one stored.

    While something unfinished uses it, `confirmed_name` must repeat the name, else InUseError is raised.
    """
    changing.require_admin(actor, stored.organization)
    value = _checked_value(value)
    row = _locked(stored)
    blocking = usage.blocking_of_value(row)
    if blocking and confirmed_name.strip() != row.name:
        raise InUseError(
            f"{row.name} is chosen in what is unfinished, which then has to be decided again. "
            "Type its name to replace it all the same.",
            blocking,
            field="confirmed_name",
        )
    _put(row, value, by=actor)
    used_by = [found.text for found in blocking]
    audit.record(audit.Verb.VALUE_REPLACED, actor=actor, subject=row, details={"used_by": used_by} if used_by else None)
    return row


@transaction.atomic
def remove(*, stored: StoredValue, reason: str = "", actor: User | None) -> None:
    """Erase the value and hide its name; raises InUseError while something unfinished uses it."""
    changing.require_admin(actor, stored.organization)
    row = _locked(stored)
    blocking = usage.blocking_of_value(row)
    if blocking:
        raise InUseError(f"{row.name} cannot be removed while these are unfinished.", blocking)
    row.sealed, row.digest = "", ""
    row.deleted_at = timezone.now()
    row.save(update_fields=["sealed", "digest", "deleted_at"])
    audit.record(audit.Verb.VALUE_REMOVED, actor=actor, subject=row, reason=reason)


def read_value(stored: StoredValue) -> str:
    """The value, for calls out only; raises RefusedError if it was erased, crypto.UndecryptableError if no key fits."""
    if not stored.sealed:
        raise RefusedError(f"{stored} has no value any more. One of the organization's admins must enter it again.")
    return crypto.decrypt(stored.sealed)


def _put(row: StoredValue, value: str, *, by: User | None) -> None:
    """Encrypt the value; its digest goes with the row, so that equal values of two rows do not show as equal."""
    row.sealed = crypto.encrypt(value)
    row.digest = salted_hmac(f"accounts.storedvalue.{row.pk}", value, algorithm="sha256").hexdigest()
    row.set_at, row.set_by = timezone.now(), by
    row.save(update_fields=["sealed", "digest", "set_at", "set_by"])


def _locked(stored: StoredValue) -> StoredValue:
    row = StoredValue.objects.present().select_for_update(of=("self",)).filter(pk=stored.pk).first()
    if row is None:
        raise RefusedError(f"{stored} was removed meanwhile.")
    return row


def _checked_name(name: str) -> str:
    name = name.strip()
    if not name:
        raise RefusedError("Enter a name.", field="name")
    return name


def _checked_value(value: str) -> str:
    if not value:
        raise RefusedError("Enter the value.", field="value")
    if len(value) > VALUE_LENGTH:
        raise RefusedError(f"A value has at most {VALUE_LENGTH:,} characters.", field="value")
    return value

"""Writing fields of a row, and what the record tells of it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError, models, transaction

from accounts import access
from accounts.choices import Role
from accounts.errors import RefusedError
from accounts.models import Organization, User


def differences(row: models.Model, values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that would change, each {"from", "to"}."""
    return {
        field: {"from": getattr(row, field), "to": value}
        for field, value in values.items()
        if getattr(row, field) != value
    }


def write(row: models.Model, values: Mapping[str, Any]) -> None:
    for field, value in values.items():
        setattr(row, field, value)
    row.save(update_fields=list(values))


@contextmanager
def free_name(organization: Organization, noun: str, name: str) -> Iterator[None]:
    """Inside, a row of this name is written; raises RefusedError if the organization has another one of it."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as exc:
        raise RefusedError(
            f"{organization} has a {noun} named {name} already. Choose another name.", field="name"
        ) from exc


def require_admin(actor: User | None, organization: Organization) -> None:
    """No actor means the person at the command line of the server, who may do everything."""
    if actor is not None:
        access.require_role(actor, organization, Role.ADMIN)

"""What uses an organization, a credential or a stored value; apps above register how to find out."""

from collections.abc import Callable

from accounts.errors import Usage
from accounts.models import Credential, Organization, StoredValue

_of_organization: list[Callable[[Organization], list[Usage]]] = []
_of_credential: list[Callable[[Credential], list[Usage]]] = []
_of_value: list[Callable[[StoredValue], list[Usage]]] = []


def register(find: Callable[[Organization], list[Usage]]) -> None:
    """Add a way to find what uses an organization."""
    _of_organization.append(find)


def register_for_credential(find: Callable[[Credential], list[Usage]]) -> None:
    """Add a way to find what uses one certain credential, beside what uses its organization."""
    _of_credential.append(find)


def register_for_value(find: Callable[[StoredValue], list[Usage]]) -> None:
    """Add a way to find what uses a stored value."""
    _of_value.append(find)


def of_organization(organization: Organization) -> list[Usage]:
    return [usage for find in _of_organization for usage in find(organization)]


def of_credential(credential: Credential) -> list[Usage]:
    """Jobs use the primary credential, so what uses the organization uses that one."""
    found = [usage for find in _of_credential for usage in find(credential)]
    if credential.is_primary:
        found += of_organization(credential.organization)
    return found


def of_value(stored: StoredValue) -> list[Usage]:
    return [usage for find in _of_value for usage in find(stored)]


def blocking_of_value(stored: StoredValue) -> list[Usage]:
    """What is unfinished and uses the value."""
    return [usage for usage in of_value(stored) if usage.is_blocking]

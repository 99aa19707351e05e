"""What accounts ask of the apps above them: the two acts that run as jobs, and where a subject of the record lives."""

from collections.abc import Callable

from django.urls import reverse

from accounts.errors import RefusedError
from accounts.models import Credential, Organization, User
from accounts.remote_services import Dialect, RemoteService, register_service
from accounts.services import sandboxes

__all__ = [
    "Dialect",
    "RemoteService",
    "page_of",
    "register_credential_test",
    "register_pages",
    "register_sandbox_sync",
    "register_service",
    "start_credential_test",
    "start_sandbox_sync",
]

CredentialTestStarter = Callable[[Credential, User], str]
SandboxSyncStarter = Callable[[Organization, User], str]

_pages: dict[str, str] = {
    "accounts.organization": "accounts:organization-detail",
    "accounts.credential": "accounts:credential-detail",
    "accounts.storedvalue": "accounts:value-detail",
    "accounts.user": "accounts:person-detail",
}
_credential_test: CredentialTestStarter | None = None
_sandbox_sync: SandboxSyncStarter | None = None


def register_credential_test(starter: CredentialTestStarter) -> None:
    """`starter(credential, actor)` starts the job and returns the URL of the page to watch it on."""
    global _credential_test
    _credential_test = starter


def register_sandbox_sync(starter: SandboxSyncStarter) -> None:
    """`starter(organization, actor)` starts the job and returns the URL of the page to watch it on."""
    global _sandbox_sync
    _sandbox_sync = starter


def start_credential_test(credential: Credential, actor: User) -> str:
    """The URL to watch the test on; raises RefusedError where no engine is installed."""
    if _credential_test is None:
        raise RefusedError("No engine is installed that could run the test.")
    return _credential_test(credential, actor)


def start_sandbox_sync(organization: Organization, actor: User) -> str:
    """The URL to watch the synchronisation on; raises RefusedError without an engine, or without sandboxes."""
    sandboxes.require_sandboxes(organization)
    if _sandbox_sync is None:
        raise RefusedError("No engine is installed that could synchronise sandboxes.")
    return _sandbox_sync(organization, actor)


def register_pages(pages: dict[str, str]) -> None:
    """The URL name of the page of one thing, by the type under which the record knows it."""
    _pages.update(pages)


def page_of(subject_type: str, subject_id: str) -> str:
    """Where a subject of the record can be looked at; empty where there is no such page."""
    if subject_type not in _pages or not subject_id.isdecimal() or len(subject_id) > 18:
        return ""
    return reverse(_pages[subject_type], args=[int(subject_id)])

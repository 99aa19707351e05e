"""Testing a credential: signing in, then one harmless list call."""

import json
import re
import time
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.choices import CredentialKind, OrganizationKind
from accounts.errors import RefusedError
from accounts.models import Credential, User
from accounts.services import audit, connections
from accounts.services.credentials import MESSAGE_LENGTH
from clients.errors import ApiAuthError, ApiError, ApiNotFoundError, AuthProblem
from clients.snaplogic import SnapLogicClient
from clients.tokens import MemoryTokenStore

# What SnapLogic says where a right is missing (SnapLogic, public API, "Export policies").
_SPEAKS_OF_A_RIGHT = re.compile(r"\bpermission", re.IGNORECASE)


@dataclass(frozen=True)
class Outcome:
    """What a test found; the marks tell a refusal of the credential from a service that gave no usable answer."""

    ok: bool
    latency_ms: int
    message: str
    is_refused: bool = False
    is_unanswered: bool = False


def run(credential: Credential) -> Outcome:
    """Sign in and list something; calls out and writes nothing, here or there."""
    ask = _list_assets if credential.organization.kind == OrganizationKind.SNAPLOGIC else _list_sandboxes
    started = time.monotonic()
    try:
        message = ask(credential)
    except (ApiError, RefusedError, TimeoutError, ValueError) as exc:
        return Outcome(
            ok=False,
            latency_ms=_elapsed_ms(started),
            message=describe_error(exc),
            is_refused=isinstance(exc, ApiAuthError),
            is_unanswered=isinstance(exc, ApiError | TimeoutError) and not isinstance(exc, ApiAuthError),
        )
    return Outcome(ok=True, latency_ms=_elapsed_ms(started), message=message)


def announcement(credential: Credential) -> str:
    """What a test does, for whoever watches it."""
    if credential.organization.kind == OrganizationKind.SNAPLOGIC:
        return "Signing in, and asking for the assets of the shared folder"
    return "Asking for a token, then for the list of sandboxes"


def _list_sandboxes(credential: Credential) -> str:
    # A token of its own: the shared one would prove nothing about a secret that was replaced or revoked.
    with connections.connect(
        credential.organization, credential=credential, token_store=MemoryTokenStore()
    ) as connection:
        count = len(connections.list_sandboxes(connection))
    return f"Works: {'1 sandbox' if count == 1 else f'{count} sandboxes'} seen."


def _list_assets(credential: Credential) -> str:
    organization = credential.organization
    folder = f"/{organization.remote_id}/shared"
    with connections.connect_snaplogic(organization, credential=credential) as connection:
        try:
            SnapLogicClient(connection, environment=organization.remote_id).list_assets_of(folder)
        except ApiAuthError as exc:
            if not _may_only_not_list(exc, credential):
                raise
            return (
                "Works: signed in; listing assets is not allowed, so Towpath cannot look at what a target holds. "
                f"SnapLogic said: {_words_of(exc)}"
            )
        except ApiNotFoundError as exc:
            # An environment that does not exist may be answered in the same way, so that this proves too little.
            raise ApiNotFoundError(
                f"{exc.message.rstrip('. ')}. Check the spelling of the environment name {organization.remote_id}.",
                operation=exc.operation,
                status=exc.status,
                request_id=exc.request_id,
                body=exc.body,
            ) from exc
    return "Works: signed in, assets can be listed."


def _may_only_not_list(error: ApiAuthError, credential: Credential) -> bool:
    """Whether SnapLogic itself says that this user lacks a right, and so knows the user.

    A password is refused with the same status where passwords are turned off, in words that nobody has promised.
    """
    words = _words_of(error)
    if error.status != 403 or error.reason is not AuthProblem.PERMISSION or not words:
        return False
    return credential.kind != CredentialKind.SNAPLOGIC_BASIC or _SPEAKS_OF_A_RIGHT.search(words) is not None


def _words_of(error: ApiError) -> str:
    """What stands in the platform's own envelope, or nothing if another program answered."""
    try:
        found = json.loads(error.body)["response_map"]["error_list"]
        return " ".join(str(one["message"]) for one in found).strip()
    except (ValueError, KeyError, TypeError):
        return ""


@transaction.atomic
def record(*, credential: Credential, result: Outcome, actor: User | None) -> bool:
    """Keep the result on the credential as it was tested; False if its secret was replaced meanwhile."""
    changes: dict[str, Any] = {
        "last_test_at": timezone.now(),
        "is_last_test_ok": result.ok,
        "last_test_latency_ms": result.latency_ms,
        "last_test_message": result.message[:MESSAGE_LENGTH],
    }
    if result.ok:
        changes["problem"] = ""
    elif result.is_refused:
        changes["problem"] = result.message[:MESSAGE_LENGTH]
    same_secret = Credential.objects.filter(pk=credential.pk, secret_set_at=credential.secret_set_at)
    if not same_secret.update(**changes):
        return False
    audit.record(
        audit.Verb.CREDENTIAL_TESTED,
        actor=actor,
        subject=credential,
        details={"ok": result.ok, "latency_ms": result.latency_ms, "message": result.message},
    )
    return True


def describe_error(error: Exception) -> str:
    """One line for a person, in the platform's own words where there are any."""
    if isinstance(error, ApiError):
        return f"{error.message.rstrip('. ')} (request {error.request_id})" if error.request_id else error.message
    return str(error)


def _elapsed_ms(started: float) -> int:
    return round((time.monotonic() - started) * 1000)

"""Testing a credential: a token, then one harmless list call."""

import time
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.errors import RefusedError
from accounts.models import Credential, User
from accounts.services import audit, connections
from accounts.services.credentials import MESSAGE_LENGTH
from clients.errors import ApiAuthError, ApiError
from clients.tokens import MemoryTokenStore


@dataclass(frozen=True)
class Outcome:
    """What a test found; the marks tell a refusal of the credential from a service that gave no usable answer."""

    ok: bool
    latency_ms: int
    message: str
    is_refused: bool = False
    is_unanswered: bool = False


def run(credential: Credential) -> Outcome:
    """Ask for a new token and list the sandboxes; calls out and writes nothing, here or there."""
    started = time.monotonic()
    try:
        # A token of its own: the shared one would prove nothing about a secret that was replaced or revoked.
        with connections.connect(
            credential.organization, credential=credential, token_store=MemoryTokenStore()
        ) as connection:
            found = connections.list_sandboxes(connection)
    except (ApiError, RefusedError, TimeoutError, ValueError) as exc:
        return Outcome(
            ok=False,
            latency_ms=_elapsed_ms(started),
            message=describe_error(exc),
            is_refused=isinstance(exc, ApiAuthError),
            is_unanswered=isinstance(exc, ApiError | TimeoutError) and not isinstance(exc, ApiAuthError),
        )
    count = len(found)
    seen = "1 sandbox" if count == 1 else f"{count} sandboxes"
    return Outcome(ok=True, latency_ms=_elapsed_ms(started), message=f"Works: {seen} seen.")


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

"""Second factors: an authenticator app (TOTP), and recovery codes for the day it is lost.

Secrets lie encrypted in allauth's rows (accounts.adapter). A code is good once: the counter of the last one is kept in
the row, so that neither an emptied cache nor a second process lets it pass again.
"""

import hmac
import logging
from dataclasses import dataclass
from datetime import datetime

from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts import access, crypto
from accounts.errors import RefusedError
from accounts.models import User
from accounts.services import audit
from config.sign_in import SecondFactor

log = logging.getLogger(__name__)

LAST_COUNTER = "last_counter"
WRONG_CODE = (
    "This code is not right, or was used already. Enter the newest one; if that fails too, check that the clock of "
    "the device is set automatically."
)


@dataclass(frozen=True)
class State:
    """What somebody has switched on."""

    is_available: bool
    is_required: bool
    is_on: bool
    since: datetime | None = None
    codes_left: int = 0
    codes_made: int = 0


def is_available() -> bool:
    return settings.SECOND_FACTOR is not SecondFactor.OFF


def is_on(user: User) -> bool:
    """Whether a code is asked for when this person signs in."""
    return is_available() and Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists()


def must_enrol(user: User) -> bool:
    """Whether this person has to set up a second factor before anything else."""
    return settings.SECOND_FACTOR is SecondFactor.REQUIRED and not is_on(user)


def state_of(user: User) -> State:
    """For the profile, and for administrators who help somebody."""
    rows = {row.type: row for row in Authenticator.objects.filter(user=user)} if is_available() else {}
    app, codes = rows.get(Authenticator.Type.TOTP), rows.get(Authenticator.Type.RECOVERY_CODES)
    made = app_settings.RECOVERY_CODE_COUNT
    return State(
        is_available=is_available(),
        is_required=settings.SECOND_FACTOR is SecondFactor.REQUIRED,
        is_on=app is not None,
        since=app.created_at if app else None,
        codes_left=made - int(codes.data["used_mask"]).bit_count() if codes else 0,
        codes_made=made,
    )


def new_secret() -> str:
    """A secret to show as a QR code; nothing is kept until a code proves that the app holds it."""
    secret: str = generate_totp_secret()
    return secret


@transaction.atomic
def enrol(*, user: User, secret: str, code: str, actor: User) -> list[str]:
    """Ask for codes from now on; returns the recovery codes, which cannot be shown again.

    Other sessions of the person end: they came in without a code.
    """
    _require_oneself(user, actor)
    row = _lock(user)
    if is_on(row):
        raise RefusedError("A second factor is set up already. Remove it first to set up another device.")
    counter = _matching_counter(secret, code, after=-1)
    if counter is None:
        raise RefusedError(WRONG_CODE, field="code")
    app = TOTP.activate(row, secret).instance
    app.data[LAST_COUNTER] = counter
    app.save(update_fields=["data"])
    codes = _replace_recovery_codes(row)
    _end_sessions(row, user)
    audit.record(audit.Verb.SECOND_FACTOR_ADDED, actor=actor, subject=row, details={"recovery_codes": len(codes)})
    return codes


@transaction.atomic
def make_recovery_codes(*, user: User, actor: User) -> list[str]:
    """New recovery codes in place of all before; they cannot be shown again."""
    _require_oneself(user, actor)
    row = _lock(user)
    if not is_on(row):
        raise RefusedError("Recovery codes stand in for an authenticator app. Set one up first.")
    codes = _replace_recovery_codes(row)
    audit.record(audit.Verb.RECOVERY_CODES_MADE, actor=actor, subject=row, details={"recovery_codes": len(codes)})
    return codes


@transaction.atomic
def remove(*, user: User, actor: User) -> None:
    """Ask this person for no code any more, and forget their recovery codes; their other sessions end."""
    _require_oneself(user, actor)
    row = _lock(user)
    if _forget(row):
        _end_sessions(row, user)
        audit.record(audit.Verb.SECOND_FACTOR_REMOVED, actor=actor, subject=row)


@transaction.atomic
def take_away(*, user: User, reason: str, actor: User) -> None:
    """Remove the second factor of somebody who lost the device, and end their sessions."""
    access.require_administrator(actor)
    if user.pk == actor.pk:
        raise RefusedError("Remove your own second factor in your profile, where your password is asked for.")
    if not reason.strip():
        raise RefusedError("Say why; the reason goes into the record.", field="reason")
    row = _lock(user)
    if not _forget(row):
        raise RefusedError(f"{row} has no second factor.")
    _end_sessions(row, user)
    audit.record(audit.Verb.SECOND_FACTOR_REMOVED, actor=actor, subject=row, reason=reason)


@transaction.atomic
def use_code(*, user: User, code: str) -> Authenticator | None:
    """The factor this code belongs to, if it is good; it is not good a second time."""
    typed = _plain(code)
    for row in Authenticator.objects.select_for_update().filter(user=user).order_by("-type"):
        try:
            if _uses(row, typed):
                return row
        except crypto.UndecryptableError as exc:
            log.error("second factor %s cannot be read: %s", row.pk, exc)
    return None


def _uses(row: Authenticator, code: str) -> bool:
    if row.type == Authenticator.Type.RECOVERY_CODES:
        return bool(row.wrap().validate_code(code))
    counter = _matching_counter(crypto.decrypt(row.data["secret"]), code, after=row.data.get(LAST_COUNTER, -1))
    if counter is None:
        return False
    row.data[LAST_COUNTER] = counter
    row.save(update_fields=["data"])
    return True


def _matching_counter(secret: str, code: str, *, after: int) -> int | None:
    typed = _plain(code).encode()
    for counter in yield_hotp_counters_from_time():
        expected = format_hotp_value(hotp_value(secret, counter)).encode()
        if counter > after and hmac.compare_digest(expected, typed):
            return int(counter)
    return None


def _plain(code: str) -> str:
    """People type what they see: in groups, with blanks or dashes between."""
    return "".join(code.split()).replace("-", "")


def _replace_recovery_codes(user: User) -> list[str]:
    Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).delete()
    codes: list[str] = RecoveryCodes.activate(user).generate_codes()
    return codes


def _forget(user: User) -> bool:
    removed, _ = Authenticator.objects.filter(user=user).delete()
    return bool(removed)


def _end_sessions(row: User, user: User) -> None:
    """End every session of the person; whoever acts in one of them renews it from `user`."""
    row.session_generation += 1
    row.save(update_fields=["session_generation"])
    user.session_generation = row.session_generation


def _lock(user: User) -> User:
    return User.objects.select_for_update().get(pk=user.pk)


def _require_oneself(user: User, by: User) -> None:
    if user.pk != by.pk:
        raise PermissionDenied("People set up their second factor themselves.")

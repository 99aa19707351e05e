"""The first administrator of a new installation.

The code lies as a hash in the database, so it holds for every web process; whoever starts the installation prints it
(`manage.py setup_code`, and `manage.py up` at its start). A new code replaces the one before.
"""

import hmac
import secrets

from django.db import transaction

from accounts.crypto import token_hash
from accounts.errors import FirstRunClosedError, RefusedError
from accounts.models import SetupCode, User
from accounts.services import audit

CODE_PK = 1
ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"  # without signs that look alike
GROUPS, GROUP_LENGTH = 4, 4


def is_open() -> bool:
    """Whether the installation still waits for its first administrator."""
    return not User.objects.exists()


@transaction.atomic
def issue_code() -> str | None:
    """A new one-time code, replacing any before; None if somebody is set up already."""
    if not is_open():
        SetupCode.objects.all().delete()
        return None
    code = "-".join("".join(secrets.choice(ALPHABET) for _ in range(GROUP_LENGTH)) for _ in range(GROUPS))
    SetupCode.objects.update_or_create(pk=CODE_PK, defaults={"code_hash": _hash(code)})
    return code


@transaction.atomic
def set_up(*, code: str, email: str, full_name: str, password: str, time_zone: str) -> User:
    """Create the first administrator. Of two callers at once, one wins.

    Raises FirstRunClosedError once anybody exists, RefusedError for a wrong code.
    """
    row = SetupCode.objects.select_for_update().filter(pk=CODE_PK).first()
    if not is_open():
        raise FirstRunClosedError("This installation is set up already. Sign in, or ask for an invitation.")
    if row is None or not hmac.compare_digest(row.code_hash, _hash(code)):
        raise RefusedError(
            "This is not the code that was printed last. Read it again on the console, or print a new one with "
            "manage.py setup_code.",
            field="code",
        )
    row.delete()
    user = User.objects.create_superuser(email=email, password=password, full_name=full_name, time_zone=time_zone)
    audit.record(audit.Verb.FIRST_ADMINISTRATOR_CREATED, actor=user, subject=user)
    return user


def _hash(code: str) -> str:
    return token_hash("".join(sign for sign in code.upper() if sign in ALPHABET))

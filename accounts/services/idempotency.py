"""Calls that may be repeated without doing a thing twice.

Key and answer are written in the transaction of the act itself. A second call with the key waits for the first and gets
its answer; an act that is refused leaves no key behind and can be tried again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.errors import RefusedError
from accounts.models import IdempotentAnswer, User

KEPT = timedelta(days=7)


@dataclass(frozen=True)
class Answer:
    """What a call is answered: HTTP status, JSON value, and where the made thing lives, if anywhere."""

    status: int
    body: Any
    location: str = ""


@transaction.atomic
def once(*, user: User, key: str, fingerprint: str, act: Callable[[], Answer]) -> tuple[Answer, bool]:
    """Do `act` and keep its answer under the person's key, or give the answer kept there; true if it was kept.

    `fingerprint` tells the calls apart: RefusedError if the key stands for another one.
    """
    try:
        with transaction.atomic():
            kept = IdempotentAnswer.objects.create(user=user, key=key, fingerprint=fingerprint)
    except IntegrityError:
        first = IdempotentAnswer.objects.get(user=user, key=key)
        if first.fingerprint != fingerprint:
            raise RefusedError(
                "This Idempotency-Key was used for another call. Take a new one for every act."
            ) from None
        return Answer(first.status, first.body, first.location), True
    answer = act()
    kept.status, kept.body, kept.location = answer.status, answer.body, answer.location
    kept.save(update_fields=["status", "body", "location"])
    return answer, False


def forget_old() -> None:
    """Drop the answers that are older than the seven days the API promises. The clock calls it."""
    IdempotentAnswer.objects.filter(created_at__lt=timezone.now() - KEPT).delete()

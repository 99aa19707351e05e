"""Encrypting everything again under the newest key."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from accounts import crypto
from accounts.models import AccessToken, Credential, User
from accounts.services import audit

BATCH = 100
# Every column that holds ciphertext.
COLUMNS: list[tuple[Any, str]] = [(Credential, "secrets"), (AccessToken, "ciphertext")]


@dataclass(frozen=True)
class Rotation:
    """How many values were encrypted again, and which fit no key."""

    done: int
    undecryptable: tuple[str, ...]


def rotate_keys(*, actor: User | None, progress: Callable[[int, int], None] | None = None) -> Rotation:
    """Go through all stored secrets in small steps; running it again, or after a break, does no harm.

    A value that is replaced meanwhile is left alone: whoever wrote it used the newest key.
    """
    total = sum(model.objects.exclude(**{column: ""}).count() for model, column in COLUMNS)
    done = 0
    undecryptable: list[str] = []
    for seen, (model, column, row) in enumerate(_rows(), start=1):
        before = getattr(row, column)
        try:
            after = crypto.rotate(before)
        except crypto.UndecryptableError:
            undecryptable.append(str(row))
        else:
            done += model.objects.filter(**{"pk": row.pk, column: before}).update(**{column: after})
        if progress is not None:
            progress(seen, max(total, seen))
    with transaction.atomic():
        audit.record(
            audit.Verb.CREDENTIAL_KEYS_ROTATED,
            actor=actor,
            subject=audit.SubjectText("installation", "", "this installation"),
            details={"done": done, "undecryptable": undecryptable},
        )
    return Rotation(done, tuple(undecryptable))


def _rows() -> Iterator[tuple[Any, str, Any]]:
    for model, column in COLUMNS:
        after = 0
        rows = model.objects.exclude(**{column: ""}).order_by("pk")
        while batch := list(rows.filter(pk__gt=after)[:BATCH]):
            for row in batch:
                yield model, column, row
            after = batch[-1].pk

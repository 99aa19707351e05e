"""Encrypting everything again under the newest key."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from allauth.mfa.models import Authenticator
from django.db import transaction

from accounts import crypto
from accounts.models import AccessToken, Credential, StoredValue, User
from accounts.services import audit

# Every column that holds ciphertext; apps above add theirs.
COLUMNS: list[tuple[Any, str]] = [
    (Credential, "secrets"),
    (AccessToken, "ciphertext"),
    (StoredValue, "sealed"),
]


class Store(Protocol):
    """Ciphertext that lies outside the database, thing by thing."""

    def names(self) -> Sequence[str]: ...

    def rotate(self, name: str) -> bool:
        """Encrypt one again, all or nothing; False if it has gone. Raises UndecryptableError."""
        ...

    def check(self, name: str) -> None:
        """Raises UndecryptableError if it cannot be read."""
        ...


STORES: list[Store] = []
# The members of allauth's second factors that hold ciphertext.
SECOND_FACTOR_MEMBERS = ("secret", "seed")


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
    total += Authenticator.objects.count() + sum(len(store.names()) for store in STORES)
    done = 0
    undecryptable: list[str] = []
    seen = 0
    for model, column, row in _rows():
        seen += 1
        before = getattr(row, column)
        try:
            after = crypto.rotate(before)
        except crypto.UndecryptableError:
            undecryptable.append(str(row))
        else:
            done += model.objects.filter(**{"pk": row.pk, column: before}).update(**{column: after})
        if progress is not None:
            progress(seen, max(total, seen))
    for pk in list(Authenticator.objects.order_by("pk").values_list("pk", flat=True)):
        seen += 1
        try:
            done += _rotate_second_factor(pk)
        except crypto.UndecryptableError:
            undecryptable.append(f"second factor {pk}")
        if progress is not None:
            progress(seen, max(total, seen))
    for store in STORES:
        for name in store.names():
            seen += 1
            try:
                done += store.rotate(name)
            except crypto.UndecryptableError:
                undecryptable.append(name)
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


def register(model: Any, column: str) -> None:
    """Add a column of ciphertext."""
    if (model, column) not in COLUMNS:
        COLUMNS.append((model, column))


def register_store(store: Store) -> None:
    """Add ciphertext outside the database."""
    STORES.append(store)


def _rows() -> Iterator[tuple[Any, str, Any]]:
    """One after the other: some are documents of many megabytes."""
    for model, column in COLUMNS:
        rows = model.objects.exclude(**{column: ""})
        for pk in list(rows.order_by("pk").values_list("pk", flat=True)):
            row = rows.filter(pk=pk).first()
            if row is not None:
                yield model, column, row


@transaction.atomic
def _rotate_second_factor(pk: int) -> int:
    """Its row holds more than secrets, so it is locked rather than compared; returns how many it was, 0 if gone."""
    row = Authenticator.objects.select_for_update().filter(pk=pk).first()
    if row is None:
        return 0
    row.data = {
        name: crypto.rotate(value) if name in SECOND_FACTOR_MEMBERS else value for name, value in row.data.items()
    }
    row.save(update_fields=["data"])
    return 1

"""The accounts that go along with the zip: those that somebody edits, with every secret in clear."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from accounts.crypto import UndecryptableError
from promotions.choices import ItemInput
from promotions.models import Plan, PlanItem
from promotions.services import documents
from promotions.systems.snaplogic.accounts_template import AccountsTemplate, file_account, parse, shown_account
from promotions.systems.snaplogic.drafting import VALUE_ITEM
from promotions.systems.snaplogic.picks import Pick
from promotions.systems.stored import NotFilledError, decided_value

_UNTOLD = "untold"
"""Stands for a secret that is not shown."""


@dataclass(frozen=True)
class FilledAccounts:
    """The form part file_account, and what nothing that comes back may show."""

    content: bytes = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)


def filled_accounts(plan: Plan) -> FilledAccounts | None:
    """None where every account stays as exported. Raises NotFilledError with what is missing."""
    if not Pick.of(plan.promotion).accounts:
        return None
    edits: dict[str, dict[str, str]] = {}
    secrets = []
    for item in _values(plan):
        value = decided_value(plan.promotion, item)
        if value is None:
            continue
        edits.setdefault(item.details["uuid"], {})[item.details["pointer"]] = value
        if item.input == ItemInput.SECRET:
            secrets.append(value)
    return FilledAccounts(file_account(_template(plan), _edited(plan, edits)), tuple(secrets))


def shown_accounts(plan: Plan) -> str:
    """The same for people, with secrets masked, decided or not; "" where every account stays as exported.

    Raises NotFilledError if something else is missing, UndecryptableError if a key is gone.
    """
    if not Pick.of(plan.promotion).accounts:
        return ""
    edits: dict[str, dict[str, str]] = {}
    for item in _values(plan):
        value: str | None = _UNTOLD
        if item.input != ItemInput.SECRET:
            value = decided_value(plan.promotion, item)
        if value is not None:
            edits.setdefault(item.details["uuid"], {})[item.details["pointer"]] = value
    return shown_account(_template(plan), _edited(plan, edits))


def secrets_of(plan: Plan) -> tuple[str, ...]:
    """The secrets that were filled in, as far as they can still be read."""
    return tuple(_secrets(plan))


def _secrets(plan: Plan) -> Iterator[str]:
    for item in _values(plan):
        if item.input == ItemInput.SECRET:
            with suppress(NotFilledError, UndecryptableError):
                value = decided_value(plan.promotion, item)
                if value is not None:
                    yield value


def _values(plan: Plan) -> list[PlanItem]:
    edited = set(Pick.of(plan.promotion).accounts)
    return [item for item in plan.items.filter(type=VALUE_ITEM) if item.details["uuid"] in edited]


def _template(plan: Plan) -> AccountsTemplate:
    if plan.document is None:
        raise NotFilledError("The zip holds no accounts to edit. Leave them as exported.")
    return parse(documents.content_of(plan.document))


def _edited(plan: Plan, edits: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """An account that is edited and keeps all its values is sent as well: somebody wants it so."""
    return {uuid: edits.get(uuid, {}) for uuid in Pick.of(plan.promotion).accounts}

"""One account of an export, as a form made of its values."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django import forms

from promotions.choices import Decision, ItemInput
from promotions.models import Plan, PlanItem
from promotions.services.errors import ConflictError, RefusedError
from promotions.services.sealed_values import SECRET_LIMIT
from promotions.systems.base import Choice, system
from promotions.systems.snaplogic.drafting import VALUE_ITEM, value_items
from promotions.systems.snaplogic.telling import TEXT_LIMIT

FLAGS = [("true", "true"), ("false", "false")]


@dataclass(frozen=True)
class Line:
    """One value: its fields, and what stands now."""

    label: str
    value: forms.BoundField
    stored: forms.BoundField | None
    is_secret: bool
    must_be_typed: bool
    item: PlanItem | None
    """None as long as the account goes as exported."""

    @property
    def is_typed(self) -> bool:
        return self.item is not None and self.item.decision == Decision.FILL

    @property
    def stored_title(self) -> str:
        is_stored = self.item is not None and self.item.decision == Decision.REUSE
        return str((self.item.target or {}).get("title", "")) if is_stored and self.item is not None else ""


class AccountForm(forms.Form):
    """Secrets are never shown again; of the rest, what stands is the beginning. Only what differs from it is taken."""

    seen = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        plan: Plan,
        account: PlanItem,
        values: Sequence[PlanItem],
        stored: Sequence[Choice],
        **kwargs: Any,
    ) -> None:
        """`values` are the items of an account that is edited already, `stored` what may be chosen for secrets.

        Data that is given has to be mutable.
        """
        super().__init__(*args, **kwargs)
        self._plan, self._account, self._values = plan, account, values
        self._leaves: list[Mapping[str, Any]] = account.details["leaves"]
        self._items = {item.details["pointer"]: item for item in values}
        self._stored = [((choice.target or {})["id"], (choice.target or {})["title"]) for choice in stored]
        self.fields["seen"].initial = self.state
        for number, leaf in enumerate(self._leaves):
            self._add(number, leaf)

    @cached_property
    def state(self) -> str:
        """Changes with every decision on the account."""
        told = [self._account.decision, *((item.key, item.decision, item.target) for item in self._values)]
        return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()[:32]

    def require_current(self, other: str) -> None:
        """Raises ConflictError if somebody, most likely `other`, decided on the account after the form was shown.

        Sent once more, it is taken.
        """
        if self.cleaned_data["seen"] == self.state:
            return
        data: Any = self.data
        data["seen"] = self.state
        raise ConflictError(
            f"{other} changed this account meanwhile: that stands in the plan. What you typed is still here, but for "
            "secrets. Look at it, and save once more to put it over theirs."
        )

    @cached_property
    def lines(self) -> list[Line]:
        return [
            Line(
                leaf["label"],
                self[f"value-{number}"],
                self[f"stored-{number}"] if f"stored-{number}" in self.fields else None,
                leaf["is_secret"],
                leaf["must_be_typed"],
                self._items.get(leaf["pointer"]),
            )
            for number, leaf in enumerate(self._leaves)
        ]

    @property
    def typed(self) -> dict[str, str]:
        """What was typed or changed, by pointer."""
        return {
            leaf["pointer"]: self.cleaned_data[f"value-{number}"]
            for number, leaf in enumerate(self._leaves)
            if self._is_changed(number, leaf)
        }

    @property
    def chosen(self) -> dict[str, str]:
        """Ids of stored values that were chosen, by pointer."""
        return {
            leaf["pointer"]: self.cleaned_data[f"stored-{number}"]
            for number, leaf in enumerate(self._leaves)
            if leaf["is_secret"] and self._is_newly_chosen(number, leaf)
        }

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for number, leaf in enumerate(self._leaves):
            name = f"value-{number}"
            if name not in cleaned or not self._is_changed(number, leaf):
                continue
            if leaf["is_secret"] and self._is_newly_chosen(number, leaf):
                self.add_error(name, "Type the secret or choose a stored value, not both.")
                continue
            try:
                cleaned[name] = self._checked(leaf, cleaned[name])
            except RefusedError as refusal:
                self.add_error(name, refusal.message)
        return cleaned

    def _add(self, number: int, leaf: Mapping[str, Any]) -> None:
        label, name = str(leaf["label"]), f"value-{number}"
        quiet = {"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}
        if leaf["is_secret"]:
            secret = forms.PasswordInput(attrs={**quiet, "autocomplete": "new-password"})
            self.fields[name] = forms.CharField(
                label=label, required=False, strip=False, max_length=SECRET_LIMIT, widget=secret
            )
            if self._stored:
                choices = [("", "None"), *self._stored]
                self.fields[f"stored-{number}"] = forms.ChoiceField(
                    label=f"Stored value for {label}", required=False, choices=choices, initial=self._stored_id(leaf)
                )
            return
        stands = self._stands(leaf)
        if leaf["kind"] == "flag":
            self.fields[name] = forms.ChoiceField(label=label, choices=FLAGS, initial=stands)
            return
        # An input of one line would take the breaks out of a text, and so change it unasked.
        widget: forms.Widget = forms.Textarea(attrs={**quiet, "rows": 4}) if "\n" in stands else forms.TextInput(quiet)
        if leaf["kind"] == "number":
            widget = forms.TextInput({**quiet, "inputmode": "decimal"})
        self.fields[name] = forms.CharField(
            label=label, required=False, strip=False, max_length=TEXT_LIMIT, initial=stands, widget=widget
        )

    def _stands(self, leaf: Mapping[str, Any]) -> str:
        item = self._items.get(leaf["pointer"])
        if item is not None and item.decision == Decision.FILL:
            return str((item.target or {}).get("id", ""))
        return str(leaf["current"])

    def _stored_id(self, leaf: Mapping[str, Any]) -> str:
        item = self._items.get(leaf["pointer"])
        return str((item.target or {})["id"]) if item is not None and item.decision == Decision.REUSE else ""

    def _is_changed(self, number: int, leaf: Mapping[str, Any]) -> bool:
        value = self.cleaned_data.get(f"value-{number}", "")
        if leaf["is_secret"]:
            return bool(value)
        return bool(_plain(value) != _plain(self._stands(leaf)))

    def _is_newly_chosen(self, number: int, leaf: Mapping[str, Any]) -> bool:
        chosen = self.cleaned_data.get(f"stored-{number}", "")
        return bool(chosen) and chosen != self._stored_id(leaf)

    def _checked(self, leaf: Mapping[str, Any], value: str) -> str:
        """As the service will take it, so that a refusal stands where it belongs."""
        draft = value_items({**self._account.details, "leaves": [leaf]}, ())[0]
        item = PlanItem(type=VALUE_ITEM, input=draft.input, title=draft.title, details=draft.details)
        plain = value if draft.input == ItemInput.SECRET else _plain(value)
        return system(self._plan.promotion.system).checked_value(item, plain)


def _plain(text: str) -> str:
    """Browsers send breaks of lines in a way of their own."""
    return text.replace("\r\n", "\n")

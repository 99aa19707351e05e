"""What a person decides, as the resolution table sends it."""

from collections.abc import Sequence

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from promotions.choices import MAPPED, Decision, ItemKind
from promotions.models import PlanItem
from promotions.services.decisions import Verdict
from promotions.services.sealed_values import SECRET_LIMIT


def value_of(decision: str, target: dict[str, str] | None) -> str:
    """A choice as the value of its radio."""
    return f"{decision}:{target['id']}" if decision in MAPPED and target else decision


def prefix_of(item: PlanItem) -> str:
    return f"item-{item.pk}"


class ItemDecisionForm(forms.Form):
    """One row: the chosen value, whether it was taken from memory, and the state of the row as the person saw it."""

    decision = forms.CharField(max_length=600, required=False)
    value = forms.CharField(max_length=SECRET_LIMIT, required=False, strip=False)
    batch = forms.IntegerField(min_value=0, required=False)
    remembered = forms.BooleanField(required=False)

    def __init__(self, data: QueryDict, *, item: PlanItem) -> None:
        super().__init__(data, prefix=prefix_of(item))
        self.item = item

    def clean_decision(self) -> tuple[Decision, str]:
        value = self.cleaned_data["decision"]
        decision, _, target_id = value.partition(":")
        if decision in MAPPED and target_id:
            return Decision(decision), target_id
        if not value and self.item.kind == ItemKind.CONFIRMATION:
            return Decision.UNDECIDED, ""  # an unticked box sends nothing
        if value not in Decision.values or value in MAPPED:
            raise ValidationError("Choose one of what is offered.")
        return Decision(value), ""

    def verdict(self) -> Verdict:
        decision, target_id = self.cleaned_data["decision"]
        return Verdict(
            item_id=self.item.pk,
            decision=decision,
            target_id=target_id,
            seen_batch=self.cleaned_data["batch"],
            is_remembered=self.cleaned_data["remembered"],
            value=self.cleaned_data["value"],
        )


class TableForm(forms.Form):
    """The whole table, as sent by its toolbar: an act, and the ticked rows."""

    ACTS = ("save", "first", "create", "create-undecided", "keep-undecided", "keep", "leave", "rule")
    ON_TICKED = ("first", "create", "keep", "leave", "rule")
    act = forms.ChoiceField(choices=[(name, name) for name in ACTS])
    item = forms.TypedMultipleChoiceField(coerce=int, required=False)

    def __init__(self, data: QueryDict, *, items: Sequence[PlanItem]) -> None:
        super().__init__(data)
        field = self.fields["item"]
        if not isinstance(field, forms.TypedMultipleChoiceField):
            raise TypeError("items are choices")
        field.choices = [(item.pk, "") for item in items]
        self._items = items

    def clean_item(self) -> list[int]:
        ticked: list[int] = self.cleaned_data["item"]
        if not ticked and self.data.get("act") in self.ON_TICKED:
            raise ValidationError("Tick the rows first.")
        return ticked

    def changed_verdicts(self) -> list[Verdict]:
        """Verdicts on rows whose radios say something else than the row; raises ValidationError for an odd value."""
        found = []
        for item in self._items:
            prefix = prefix_of(item)
            sent = self.data.get(f"{prefix}-decision")
            if sent is None:
                is_unticked = item.decision == Decision.CONFIRM and f"{prefix}-batch" in self.data
                if not is_unticked:
                    continue
            elif sent == value_of(item.decision, item.target):
                continue
            form = ItemDecisionForm(self.data, item=item)  # type: ignore[arg-type]  # it is the request's own data
            if not form.is_valid():
                raise ValidationError(f"{item}: choose one of what is offered.")
            found.append(form.verdict())
        return found


class MemoryForm(forms.Form):
    """Whether what was decided before is offered."""

    offered = forms.TypedChoiceField(choices=[("yes", "Yes"), ("no", "No")], coerce=lambda value: value == "yes")

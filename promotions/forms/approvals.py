"""Forms about approvals."""

from django import forms

from accounts.access import organizations_for_read
from accounts.forms.fields import offer_rows
from accounts.models import Organization, User

TEXT_LIMIT = 2000


class RequestForm(forms.Form):
    """What the requester tells those who decide."""

    note = forms.CharField(
        label="Note to those who decide",
        required=False,
        max_length=TEXT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Why this, why now. They see it beside what will change.",
    )
    runs_at_once = forms.BooleanField(
        label="Run as soon as it is approved",
        required=False,
        help_text="Without the tick, an operator runs it afterwards.",
    )


class DecisionForm(forms.Form):
    """Approve or reject, with the plan's content hash as the person saw it."""

    verdict = forms.ChoiceField(
        choices=[("approve", "Approve"), ("reject", "Reject")],
        error_messages={"required": "Press Approve or Reject."},
    )
    reason = forms.CharField(
        label="Reason",
        required=False,
        max_length=TEXT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Kept in the record. Needed to reject.",
    )
    seen_hash = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)


class WithdrawForm(forms.Form):
    reason = forms.CharField(label="Reason", required=False, max_length=500, help_text="Kept in the record.")


class InboxForm(forms.Form):
    """What the list of approvals is narrowed by."""

    organization = forms.ModelChoiceField(
        label="Organization",
        queryset=Organization.objects.none(),
        required=False,
        empty_label="All",
        error_messages={"invalid_choice": "There is no such organization."},
    )

    def __init__(self, *args: object, reader: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # handed on as they come
        offer_rows(self, "organization", organizations_for_read(reader))

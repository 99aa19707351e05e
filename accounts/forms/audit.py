"""The filter of the record."""

from typing import Any

from django import forms

from accounts import access
from accounts.forms.fields import DayField, offer_choices, offer_rows
from accounts.models import Organization, User
from accounts.services.audit import GROUP_LABELS


class AuditFilterForm(forms.Form):
    """Every part may be empty."""

    group = forms.ChoiceField(label="About", required=False)
    organization = forms.ModelChoiceField(
        Organization.objects.none(), label="Organization", required=False, empty_label="All"
    )
    person = forms.ModelChoiceField(User.objects.none(), label="Person", required=False, empty_label="Everybody")
    since = DayField(label="From", required=False)
    until = DayField(label="To", required=False)

    def __init__(self, *args: Any, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        about = sorted(GROUP_LABELS.items(), key=lambda item: item[1])
        offer_choices(self, "group", [("", "Everything"), *about])
        offer_rows(self, "organization", access.organizations_for_read(reader))
        offer_rows(self, "person", access.people_for_read(reader).order_by("full_name", "email"))

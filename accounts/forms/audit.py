"""The filter of the record."""

from datetime import date, timedelta
from typing import Any, cast

from django import forms
from django.utils.formats import date_format

from accounts import access
from accounts.audit_lists import AuditFilters
from accounts.forms.fields import DayField, offer_choices, offer_rows
from accounts.forms.filters import FilterForm, start_of
from accounts.models import Organization, User
from accounts.services.audit import GROUP_LABELS, verb_label, verbs_of_group

_HIDDEN = forms.HiddenInput


class AuditFilterForm(FilterForm):
    """Every part may be empty; the address holds all of it."""

    first = ("q", "group", "organization", "person")

    q = forms.CharField(
        label="Search",
        required=False,
        max_length=200,
        widget=forms.SearchInput(attrs={"placeholder": "Subject, reason, person"}),
    )
    group = forms.ChoiceField(label="About", required=False)
    verb = forms.ChoiceField(label="Act", required=False)
    organization = forms.ModelChoiceField(
        Organization.objects.none(), label="Organization", required=False, empty_label="All"
    )
    person = forms.ModelChoiceField(User.objects.none(), label="Person", required=False, empty_label="Everybody")
    since = DayField(label="From", required=False)
    until = DayField(label="To", required=False)
    subject_type = forms.CharField(required=False, max_length=64, widget=_HIDDEN)
    subject_id = forms.CharField(required=False, max_length=64, widget=_HIDDEN)

    def __init__(self, *args: Any, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        about = sorted(GROUP_LABELS.items(), key=lambda item: item[1])
        offer_choices(self, "group", [("", "Everything"), *about])
        acts = [(label, [(verb, verb_label(verb)) for verb in verbs_of_group(group)]) for group, label in about]
        offer_choices(self, "verb", [("", "Any"), *cast(Any, acts)])
        offer_rows(self, "organization", access.organizations_for_read(reader))
        offer_rows(self, "person", access.people_for_read(reader).order_by("full_name", "email"))

    def words_for(self, name: str) -> str:
        """One part of the filter in words, for its chip."""
        field, value = self.fields[name], self.cleaned_data[name]
        if name == "group":
            return f"About: {GROUP_LABELS[value]}"
        if name == "verb":
            return f"Act: {verb_label(value)}"
        if name == "subject_type":
            return f"Subject: {value}"
        if name == "subject_id":
            return f"Number: {value}"
        if isinstance(value, date):
            return f"{field.label} {date_format(value, 'j M Y')}"
        return f"{field.label}: {value}"

    def filters(self, *, without: str = "") -> AuditFilters:
        """The filter in terms of the list, one part left out if it is named; only for a valid form."""
        wanted = {name: None if name == without else value for name, value in self.cleaned_data.items()}
        until = wanted["until"]
        return AuditFilters(
            group=wanted["group"] or "",
            verb=wanted["verb"] or "",
            organization_id=wanted["organization"].pk if wanted["organization"] else None,
            actor_id=wanted["person"].pk if wanted["person"] else None,
            subject_type=wanted["subject_type"] or "",
            subject_id=wanted["subject_id"] or "",
            since=start_of(wanted["since"]) if wanted["since"] else None,
            until=start_of(until + timedelta(days=1)) if until else None,
            text=wanted["q"] or "",
        )

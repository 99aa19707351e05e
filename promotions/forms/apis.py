"""Forms about API versions that are known here."""

from typing import Any

from django import forms

from accounts.forms.fields import offer_rows
from accounts.forms.filters import FilterForm
from accounts.models import Organization, User
from accounts.models.organizations import OrganizationQuerySet
from promotions.access_apis import api_environments
from promotions.api_choices import ApiVersionState
from promotions.api_lists import DEFAULT_ORDER, ApiVersionFilters
from promotions.services.api_versions import NAME_LIMIT

# Blanks at the ends of a name would be part of it: the service refuses them rather than taking them away unseen.
_NAME = {"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}


class ApiVersionFilterForm(FilterForm):
    """What the list shows; every part may be empty, and the address holds all of it."""

    first = ("q", "organization", "state")

    q = forms.CharField(
        label="Search",
        required=False,
        max_length=200,
        widget=forms.SearchInput(attrs={"placeholder": "API, version"}),
    )
    organization = forms.ModelChoiceField(
        Organization.objects.none(), label="Environment", required=False, empty_label="All"
    )
    state = forms.ChoiceField(label="State", required=False, choices=[("", "Any"), *ApiVersionState.choices])
    order = forms.ChoiceField(
        label="Order",
        required=False,
        choices=[("api", "API, A to Z"), ("-api", "API, Z to A"), ("-added", "Last added first")],
    )

    def __init__(self, *args: Any, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_rows(self, "organization", api_environments(reader))

    @property
    def order_name(self) -> str:
        return self.cleaned_data.get("order") or DEFAULT_ORDER

    def active(self) -> list[str]:
        return [name for name in super().active() if name != "order"]

    def words_for(self, name: str) -> str:
        value = self.cleaned_data[name]
        if name == "state":
            value = ApiVersionState(value).label.lower()
        return f"{self.fields[name].label}: {value}"

    def filters(self, *, without: str = "") -> ApiVersionFilters:
        """What the list is narrowed by, leaving out one part if `without` names it."""
        wanted = {name: self.cleaned_data[name] for name in self.active() if name != without}
        return ApiVersionFilters(
            organization_id=wanted["organization"].pk if "organization" in wanted else None,
            state=wanted.get("state", ""),
            text=wanted.get("q", ""),
        )


class NameVersionForm(forms.Form):
    """Which version there is, in which environment."""

    organization = forms.ModelChoiceField(
        Organization.objects.none(), label="Environment", empty_label="Choose an environment"
    )
    api = forms.CharField(
        label="API",
        max_length=NAME_LIMIT,
        strip=False,
        widget=forms.TextInput(attrs=_NAME),
        help_text="As the API Manager names it. Case matters.",
    )
    version = forms.CharField(
        label="Version",
        max_length=NAME_LIMIT,
        strip=False,
        widget=forms.TextInput(attrs=_NAME),
        help_text="As the API Manager names it, for example <code>v1</code>. Case matters.",
    )

    def __init__(self, *args: Any, environments: OrganizationQuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_rows(self, "organization", environments)


class NotedStateForm(forms.Form):
    """What somebody has seen in the API Manager."""

    state = forms.ChoiceField(label="State", choices=ApiVersionState.choices)

"""Forms about journeys."""

from datetime import timedelta
from typing import ClassVar

from django import forms

from accounts.access import sandboxes_for_read
from accounts.forms.fields import DayField
from accounts.forms.filters import start_of
from accounts.models import Organization, User
from accounts.models.organizations import SandboxQuerySet
from promotions.choices import JourneyState
from promotions.forms.places import VANISHED, PlaceFilterForm
from promotions.journey_lists import DEFAULT_ORDER, JourneyFilters


class JourneyFilterForm(PlaceFilterForm):
    """What the list shows; every part may be empty, and the address holds all of it."""

    default_order: ClassVar[str] = DEFAULT_ORDER
    first: ClassVar[tuple[str, ...]] = ("q", "state", "organization", "sandbox")

    q = forms.CharField(
        label="Search",
        required=False,
        max_length=200,
        widget=forms.SearchInput(attrs={"placeholder": "Name, description, id"}),
    )
    state = forms.ChoiceField(
        label="State", required=False, choices=[("", "Any"), *JourneyState.choices, (VANISHED, "Vanished")]
    )
    organization = forms.ModelChoiceField(
        Organization.objects.none(), label="Organization", required=False, empty_label="All"
    )
    sandbox = forms.ChoiceField(label="Sandbox", required=False)
    problem = forms.ChoiceField(
        label="Problems",
        required=False,
        choices=[("", "With and without"), ("yes", "Only with a problem"), ("no", "Only without")],
    )
    order = forms.ChoiceField(
        label="Order",
        required=False,
        choices=[
            ("-modified", "Last modified first"),
            ("modified", "First modified first"),
            ("name", "Name, A to Z"),
            ("-name", "Name, Z to A"),
        ],
    )
    since = DayField(label="Modified from", required=False)
    until = DayField(label="Modified to", required=False)

    def sandboxes(self, reader: User) -> SandboxQuerySet:
        return sandboxes_for_read(reader)

    def words_for(self, name: str) -> str:
        field, value = self.fields[name], self.cleaned_data[name]
        if name == "problem":
            return "With a problem" if value == "yes" else "Without a problem"
        if name == "state":
            value = dict(field.choices)[value].lower()  # type: ignore[attr-defined]  # a choice field
        return f"{field.label}: {value}"

    def filters(self, *, without: str = "") -> JourneyFilters:
        """What the list is narrowed by, leaving out one part if `without` names it."""
        wanted = {name: self.cleaned_data[name] for name in self.active() if name != without}
        state, problem, until = wanted.get("state", ""), wanted.get("problem", ""), wanted.get("until")
        return JourneyFilters(
            organization_id=wanted["organization"].pk if "organization" in wanted else None,
            sandbox=wanted.get("sandbox", ""),
            state="" if state == VANISHED else state,
            is_vanished=state == VANISHED,
            has_problem=problem == "yes" if problem else None,
            modified_from=start_of(wanted["since"]) if "since" in wanted else None,
            modified_to=start_of(until + timedelta(days=1)) if until else None,
            text=wanted.get("q", ""),
        )

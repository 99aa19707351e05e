"""Forms about journeys."""

from datetime import timedelta
from typing import Any, ClassVar

from django import forms

from accounts.access import organizations_for_read, sandboxes_for_read
from accounts.choices import OrganizationKind
from accounts.forms.fields import DayField, offer_choices, offer_rows
from accounts.forms.filters import FilterForm, start_of
from accounts.models import Organization, User
from promotions.choices import JourneyState
from promotions.journey_lists import DEFAULT_ORDER, JourneyFilters

VANISHED = "vanished"
SANDBOX_NAME_LIMIT = 256


class JourneyFilterForm(FilterForm):
    """What the list shows; every part may be empty, and the address holds all of it."""

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

    def __init__(self, *args: Any, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        organizations = organizations_for_read(reader).filter(kind=OrganizationKind.ADOBE)
        offer_rows(self, "organization", organizations)
        names = sorted(
            set(sandboxes_for_read(reader).filter(organization__in=organizations).values_list("name", flat=True))
        )
        asked = self.data.get("sandbox", "")
        # One that is no longer listed can still be looked for, if it could be a name at all.
        if asked.isprintable() and 0 < len(asked) <= SANDBOX_NAME_LIMIT and asked not in names:
            names.append(asked)
        offer_choices(self, "sandbox", [("", "Any"), *((name, name) for name in names)])

    @property
    def order_name(self) -> str:
        return self.cleaned_data.get("order") or DEFAULT_ORDER

    def active(self) -> list[str]:
        return [name for name in super().active() if name != "order"]

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

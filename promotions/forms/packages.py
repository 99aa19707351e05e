"""Forms about packages."""

from datetime import timedelta
from typing import Any, ClassVar, cast

from django import forms

from accounts.forms.fields import DayField, offer_choices
from accounts.forms.filters import start_of
from accounts.models import Organization, User
from promotions.choices import ArtifactType, PackageStatus, Visibility
from promotions.forms.places import VANISHED, PlaceFilterForm
from promotions.models import Package
from promotions.queries import EXPIRED, PackageFilters
from promotions.services.asked_expiries import EXPIRY_DAYS_LIMIT

DEFAULT_ORDER = "-created"
DEFAULT_EXPIRY_DAYS = 90
CHOSEN_LIMIT = 50
EXPIRIES = [("", "Any"), ("1", "Within 1 day"), ("7", "Within 7 days"), ("14", "Within 14 days"), (EXPIRED, "Expired")]


class PackageFilterForm(PlaceFilterForm):
    """What the list shows; every part may be empty, and the address holds all of it."""

    default_order: ClassVar[str] = DEFAULT_ORDER

    q = forms.CharField(
        label="Search",
        required=False,
        max_length=200,
        widget=forms.SearchInput(attrs={"placeholder": "Name, object, id"}),
    )
    status = forms.ChoiceField(label="Status", required=False)
    organization = forms.ModelChoiceField(
        Organization.objects.none(), label="Organization", required=False, empty_label="All"
    )
    order = forms.ChoiceField(
        label="Order",
        required=False,
        choices=[
            ("-created", "Newest first"),
            ("created", "Oldest first"),
            ("name", "Name, A to Z"),
            ("-name", "Name, Z to A"),
        ],
    )
    sandbox = forms.ChoiceField(label="Source sandbox", required=False)
    type = forms.ChoiceField(label="Holds", required=False, choices=[("", "Any type"), *ArtifactType.choices])
    visibility = forms.ChoiceField(label="Visibility", required=False, choices=[("", "Any"), *Visibility.choices])
    expiry = forms.ChoiceField(label="Expiry", required=False, choices=EXPIRIES)
    since = DayField(label="Created from", required=False)
    until = DayField(label="Created to", required=False)

    def __init__(self, *args: Any, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, reader=reader, **kwargs)
        statuses = [*PackageStatus.choices, (EXPIRED, "Expired"), (VANISHED, "Vanished")]
        offer_choices(self, "status", [("", "Any"), *statuses])

    def words_for(self, name: str) -> str:
        """One part of the filter in words, for its chip."""
        field, value = self.fields[name], self.cleaned_data[name]
        if isinstance(field, forms.ModelChoiceField):
            shown = str(value)
        elif isinstance(field, forms.ChoiceField):
            shown = dict(field.choices)[value].lower()  # type: ignore[arg-type]
            if name in ("sandbox", "type"):
                shown = dict(field.choices)[value]  # type: ignore[arg-type]
        else:
            shown = str(value)
        return f"{field.label}: {shown}"

    def filters(self, *, without: str = "") -> PackageFilters:
        """What the lists of every face are narrowed by, leaving out one part if `without` names it."""
        wanted = {name: self.cleaned_data[name] for name in self.active() if name != without}
        status, expiry, until = wanted.get("status", ""), wanted.get("expiry", ""), wanted.get("until")
        return PackageFilters(
            status="" if status in (EXPIRED, VANISHED) else status,
            # As the badge says: what vanished or expired is no longer shown under the platform's own status.
            is_expired=status == EXPIRED if status and status != VANISHED else None,
            is_vanished=status == VANISHED if status else None,
            organization_id=wanted["organization"].pk if "organization" in wanted else None,
            source_sandbox=wanted.get("sandbox", ""),
            artifact_type=wanted.get("type", ""),
            visibility=wanted.get("visibility", ""),
            expiry=EXPIRED if expiry == EXPIRED else int(expiry) if expiry else None,
            created_from=start_of(wanted["since"]) if "since" in wanted else None,
            created_to=start_of(until + timedelta(days=1)) if until else None,
            text=wanted.get("q", ""),
        )


class ChosenPackagesForm(forms.Form):
    """The packages ticked in the list; those the person may not see do not exist."""

    package = forms.ModelMultipleChoiceField(
        Package.objects.none(),
        error_messages={"required": "Tick the packages to publish first."},
    )

    def __init__(self, *args: Any, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast("forms.ModelMultipleChoiceField[Package]", self.fields["package"])
        field.queryset = Package.objects.visible_to(reader).select_related("organization").order_by("sort_name", "pk")

    def clean_package(self) -> list[Package]:
        chosen = list(self.cleaned_data["package"][: CHOSEN_LIMIT + 1])
        if len(chosen) > CHOSEN_LIMIT:
            raise forms.ValidationError(f"Publish at most {CHOSEN_LIMIT} packages at once.")
        return chosen


class PublishForm(forms.Form):
    """How long a package may be imported once it is published."""

    expiry_days = forms.IntegerField(
        label="Days until it expires",
        min_value=1,
        max_value=EXPIRY_DAYS_LIMIT,
        initial=DEFAULT_EXPIRY_DAYS,
        help_text="After that it can no longer be imported or shared.",
    )

"""Forms about packages."""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts import access
from accounts.choices import OrganizationKind
from accounts.forms.fields import DayField, offer_choices, offer_rows
from accounts.models import Organization, Sandbox, User
from promotions.choices import ArtifactType, PackageStatus, Visibility
from promotions.keyset import Order
from promotions.models import Artifact
from promotions.models.packages import PackageQuerySet
from promotions.search import search
from promotions.services.packages import EXPIRY_DAYS_LIMIT

DEFAULT_ORDER = "-created"
DEFAULT_EXPIRY_DAYS = 90
ORDERS = {
    "-created": Order("remote_created_at", is_descending=True, is_time=True),
    "created": Order("remote_created_at", is_descending=False, is_time=True),
    "name": Order("sort_name", is_descending=False),
    "-name": Order("sort_name", is_descending=True),
}
EXPIRED, VANISHED = "expired", "vanished"
EXPIRIES = [("", "Any"), ("1", "Within 1 day"), ("7", "Within 7 days"), ("14", "Within 14 days"), (EXPIRED, "Expired")]


class PackageFilterForm(forms.Form):
    """What the list shows; every part may be empty, and the address holds all of it."""

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
        super().__init__(*args, **kwargs)
        statuses = [*PackageStatus.choices, (EXPIRED, "Expired"), (VANISHED, "Vanished")]
        offer_choices(self, "status", [("", "Any"), *statuses])
        organizations = access.organizations_for_read(reader).filter(kind=OrganizationKind.ADOBE)
        offer_rows(self, "organization", organizations)
        names = list(
            Sandbox.objects.filter(organization__in=organizations.values("pk"))
            .order_by("name")
            .values_list("name", flat=True)
            .distinct()
        )
        asked = self.data.get("sandbox", "")
        if asked and asked not in names:  # a source that is no longer listed can still be looked for
            names.append(asked)
        offer_choices(self, "sandbox", [("", "Any"), *((name, name) for name in names)])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and since > until:
            self.add_error("until", "This day is before the first one. Swap them or drop one.")
        return cleaned

    @property
    def order_name(self) -> str:
        return self.cleaned_data.get("order") or DEFAULT_ORDER

    def active(self) -> list[str]:
        """Names of the parts that narrow the list."""
        return [name for name, value in self.cleaned_data.items() if value and name != "order"]

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

    def narrow(self, packages: PackageQuerySet, *, without: str = "") -> PackageQuerySet:
        """Apply the filter, leaving out one part if `without` names it."""
        for name in self.active():
            if name != without:
                packages = _NARROWINGS[name](packages, self.cleaned_data[name])
        return packages


def _by_status(packages: PackageQuerySet, status: str) -> PackageQuerySet:
    """As the badge says: what vanished or expired is no longer shown under the platform's own status."""
    if status == VANISHED:
        return packages.filter(vanished_at__isnull=False)
    present = packages.filter(vanished_at=None)
    if status == EXPIRED:
        return present.filter(expires_at__lte=timezone.now())
    return present.filter(_unexpired(), status=status)


def _unexpired() -> Q:
    return Q(expires_at=None) | Q(expires_at__gt=timezone.now())


def _by_expiry(packages: PackageQuerySet, expiry: str) -> PackageQuerySet:
    now = timezone.now()
    if expiry == EXPIRED:
        return packages.filter(expires_at__lte=now)
    return packages.filter(expires_at__gt=now, expires_at__lte=now + timedelta(days=int(expiry)), vanished_at=None)


def _start_of(day: Any) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


_NARROWINGS: dict[str, Any] = {
    "q": search,
    "status": _by_status,
    "organization": lambda packages, organization: packages.filter(organization=organization),
    "sandbox": lambda packages, name: packages.filter(source_sandbox=name),
    "type": lambda packages, kind: packages.filter(Exists(Artifact.objects.filter(type=kind, package=OuterRef("pk")))),
    "visibility": lambda packages, visibility: packages.filter(visibility=visibility),
    "expiry": _by_expiry,
    "since": lambda packages, day: packages.filter(remote_created_at__gte=_start_of(day)),
    "until": lambda packages, day: packages.filter(remote_created_at__lt=_start_of(day + timedelta(days=1))),
}


class PublishForm(forms.Form):
    """How long a package may be imported once it is published."""

    expiry_days = forms.IntegerField(
        label="Days until it expires",
        min_value=1,
        max_value=EXPIRY_DAYS_LIMIT,
        initial=DEFAULT_EXPIRY_DAYS,
        help_text="After that it can no longer be imported or shared.",
    )

"""What the lists about sharing are narrowed by."""

from typing import Any, ClassVar

from django import forms

from accounts.access import organizations_for_read
from accounts.choices import OrganizationKind
from accounts.forms.fields import offer_rows
from accounts.forms.filters import FilterForm
from accounts.models import Organization, User
from promotions.choices import (
    Direction,
    PartnershipStatus,
    SharingKind,
    SharingState,
    TransferStatus,
    TransferType,
)
from promotions.sharing_lists import PartnershipFilters, SharingFilters, TransferFilters

PENDING, OPEN = "pending", "open"


class _ByOrganization(FilterForm):
    organization = forms.ModelChoiceField(
        Organization.objects.none(),
        label="Organization",
        required=False,
        empty_label="All",
        error_messages={"invalid_choice": "There is no such organization."},
    )

    def __init__(self, *args: Any, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_rows(self, "organization", organizations_for_read(reader).filter(kind=OrganizationKind.ADOBE))

    def words_for(self, name: str) -> str:
        field, value = self.fields[name], self.cleaned_data[name]
        if isinstance(field, forms.ChoiceField) and not isinstance(field, forms.ModelChoiceField):
            value = dict(field.choices)[value].lower()  # type: ignore[arg-type]  # choices are pairs here
        return f"{field.label}: {value}"

    @property
    def organization_id(self) -> int | None:
        found: Organization | None = self.cleaned_data["organization"]
        return found.pk if found is not None else None

    def kept(self) -> dict[str, str]:
        """The filter as the address has it."""
        return {name: str(getattr(value, "pk", value)) for name, value in self.cleaned_data.items() if value}


class SharingFilterForm(_ByOrganization):
    first: ClassVar[tuple[str, ...]] = ("organization", "kind", "state")

    kind = forms.ChoiceField(label="Kind", required=False, choices=[("", "Any"), *SharingKind.choices])
    state = forms.ChoiceField(label="State", required=False, choices=[("", "Any"), *SharingState.choices])

    def filters(self) -> SharingFilters:
        said = self.cleaned_data
        return SharingFilters(organization_id=self.organization_id, kind=said["kind"], state=said["state"])


class PartnershipFilterForm(_ByOrganization):
    first: ClassVar[tuple[str, ...]] = ("organization", "direction", "status")

    direction = forms.ChoiceField(label="Direction", required=False, choices=[("", "Any"), *Direction.choices])
    status = forms.ChoiceField(
        label="Status",
        required=False,
        choices=[
            ("", "Any"),
            (PENDING, "Pending"),
            (PartnershipStatus.APPROVED.value, PartnershipStatus.APPROVED.label),
            (PartnershipStatus.REJECTED.value, PartnershipStatus.REJECTED.label),
        ],
    )

    def filters(self) -> PartnershipFilters:
        said, is_pending = self.cleaned_data, self.cleaned_data["status"] == PENDING
        return PartnershipFilters(
            organization_id=self.organization_id,
            direction=said["direction"],
            status="" if is_pending else said["status"],
            is_pending=True if is_pending else None,
            is_vanished=False if said["status"] else None,
        )


class TransferFilterForm(_ByOrganization):
    first: ClassVar[tuple[str, ...]] = ("organization", "direction", "type", "status")

    direction = forms.ChoiceField(label="Direction", required=False, choices=[("", "Any"), *Direction.choices])
    type = forms.ChoiceField(label="Type", required=False, choices=[("", "Any"), *TransferType.choices])
    status = forms.ChoiceField(
        label="Status",
        required=False,
        choices=[
            ("", "Any"),
            (OPEN, "Not over"),
            (TransferStatus.COMPLETED.value, TransferStatus.COMPLETED.label),
            (TransferStatus.FAILED.value, TransferStatus.FAILED.label),
        ],
    )

    def filters(self) -> TransferFilters:
        said = self.cleaned_data
        return TransferFilters(
            organization_id=self.organization_id,
            direction=said["direction"],
            type=said["type"],
            status="" if said["status"] == OPEN else said["status"],
        )

    @property
    def is_open_only(self) -> bool:
        """Whether only those that are not over are wanted: a status that nobody documented is not over either."""
        return bool(self.cleaned_data["status"] == OPEN)

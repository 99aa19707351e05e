"""Filters of what lies in sandboxes."""

from typing import Any, ClassVar

from accounts.access import organizations_for_read
from accounts.choices import OrganizationKind
from accounts.forms.fields import offer_choices, offer_rows
from accounts.forms.filters import FilterForm
from accounts.models import Sandbox, User
from accounts.models.organizations import SandboxQuerySet

VANISHED = "vanished"
SANDBOX_NAME_LIMIT = 256


class PlaceFilterForm(FilterForm):
    """Its fields `organization`, `sandbox` and `order` are those of the list; `order` narrows nothing."""

    default_order: ClassVar[str]

    def __init__(self, *args: Any, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        organizations = organizations_for_read(reader).filter(kind=OrganizationKind.ADOBE)
        offer_rows(self, "organization", organizations)
        offered = self.sandboxes(reader).filter(organization__in=organizations.values("pk"))
        names = list(offered.order_by("name").values_list("name", flat=True).distinct())
        asked = self.data.get("sandbox", "")
        # One that is no longer listed can still be looked for, if it could be a name at all.
        if asked.isprintable() and 0 < len(asked) <= SANDBOX_NAME_LIMIT and asked not in names:
            names.append(asked)
        offer_choices(self, "sandbox", [("", "Any"), *((name, name) for name in names)])

    def sandboxes(self, reader: User) -> SandboxQuerySet:
        """Those to choose from, of the organizations that the reader may see; with those that are gone."""
        return Sandbox.objects.of_adobe()

    @property
    def order_name(self) -> str:
        return self.cleaned_data.get("order") or self.default_order

    def active(self) -> list[str]:
        return [name for name in super().active() if name != "order"]

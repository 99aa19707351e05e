"""Forms about organizations; which fields they have hangs on the kind."""

from typing import Any

from django import forms

from accounts import remote_services
from accounts.choices import OrganizationKind
from accounts.models import Organization
from accounts.remote_services import RemoteService
from accounts.vendors import vendor_of


class OrganizationEditForm(forms.Form):
    """What can change later."""

    name = forms.CharField(label="Name", max_length=150, help_text="As people here call it.")
    region = forms.CharField(label="Region", max_length=16, required=False)
    is_production = forms.BooleanField(required=False)
    platform_url = forms.CharField(max_length=300)
    ims_url = forms.CharField(
        label="Sign-in service URL",
        max_length=300,
        help_text="Where access tokens come from (Adobe IMS). Keep both URLs unless you use another environment.",
    )

    def __init__(self, *args: Any, kind: OrganizationKind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind, vendor = kind, vendor_of(kind)
        production, platform = self.fields["is_production"], self.fields["platform_url"]
        production.label, production.help_text = vendor.production_label, vendor.production_help
        platform.label, platform.help_text = vendor.platform_label, vendor.platform_help
        platform.initial, self.fields["ims_url"].initial = vendor.platform_url, vendor.sign_in_url
        if not vendor.sign_in_url:
            del self.fields["ims_url"]
        self.fields["region"].help_text = f"For example {vendor.region_example}; shown to people here, sent nowhere."
        for service in remote_services.services_of(kind):
            if service.dialects:
                self.fields[_dialect_field_of(service.name)] = _dialect_field(service)
            self.fields[_field_of(service.name)] = _url_field(service)
        self.order_fields(self.field_order)

    def clean(self) -> dict[str, Any]:
        """What was entered of further services under one name each, as the services take it."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        # Whoever leaves a field out altogether keeps what it holds; an empty one puts it back to its default.
        for name, field_of in (("service_urls", _field_of), ("service_dialects", _dialect_field_of)):
            cleaned[name] = {
                service.name: value
                for service in remote_services.services_of(self.kind)
                if (value := cleaned.pop(field_of(service.name), None)) is not None
                and field_of(service.name) in self.data
            }
        return cleaned


def services_of(organization: Organization) -> dict[str, str]:
    """What the fields of further services show of an organization."""
    shown: dict[str, str] = {}
    for service in remote_services.services_of(organization.kind):
        url = organization.service_url(service.name)
        if service.dialects:
            dialect = organization.service_dialect(service.name)
            shown[_dialect_field_of(service.name)] = dialect
            # A default URL is not shown: sent along, it would stay when another dialect is chosen.
            url = "" if url == service.default_in(dialect) else url
        shown[_field_of(service.name)] = url
    return shown


def _field_of(name: str) -> str:
    """The field in which the URL of a further service is entered, named as refusals name it."""
    return f"service_urls.{name}"


def _dialect_field_of(name: str) -> str:
    """The field in which the dialect of a further service is chosen, named as refusals name it."""
    return f"service_dialects.{name}"


def _url_field(service: RemoteService) -> forms.CharField:
    if service.dialects:
        initial = ""
        default = "; ".join(f"{dialect.default} for {dialect.label}" for dialect in service.dialects)
        default = f"Left empty, it follows the revision: {default}."
    else:
        initial = service.default
        default = f"Left empty, it is {service.default}."
    return forms.CharField(
        label=service.label,
        max_length=300,
        required=False,
        initial=initial,
        help_text=f"{service.help} {default}".strip(),
    )


def _dialect_field(service: RemoteService) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=service.dialect_label,
        choices=[(dialect.name, dialect.label) for dialect in service.dialects],
        required=False,
        initial=service.dialects[0].name,
        help_text="Which revision of its contract the service speaks with this organization. Keep the first unless "
        "calls to it are answered as unknown.",
    )


class OrganizationForm(OrganizationEditForm):
    """A new organization."""

    remote_id = forms.CharField(max_length=150)
    field_order = ("name", "remote_id", "region", "is_production", "platform_url", "ims_url")

    def __init__(self, *args: Any, kind: OrganizationKind, **kwargs: Any) -> None:
        super().__init__(*args, kind=kind, **kwargs)
        vendor, remote_id = vendor_of(kind), self.fields["remote_id"]
        remote_id.label, remote_id.help_text = vendor.id_label, vendor.id_help

    def clean(self) -> dict[str, Any]:
        return {**super().clean(), "kind": self.kind}


class ErasureForm(OrganizationEditForm):
    """The same again, once it is clear that secrets would be erased."""

    is_erasure_confirmed = forms.BooleanField(
        label="Erase the stored secrets of this organization",
        required=False,
        help_text="They were entered for the host before and must be entered again for the new one.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order_fields([name for name in self.fields if name != "is_erasure_confirmed"])

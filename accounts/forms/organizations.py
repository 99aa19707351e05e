"""Forms about organizations and credentials."""

from typing import Any

from django import forms

from accounts import remote_services
from accounts.choices import KINDS_OF_ORGANIZATION, CredentialKind, OrganizationKind
from accounts.forms.fields import LastDayField, WordsField, offer_choices, private_key_field, secret_field
from accounts.models import DEFAULT_IMS_URL, DEFAULT_PLATFORM_URL, Organization
from accounts.remote_services import RemoteService

DEFAULT_SCOPES = ["openid", "AdobeID", "read_organizations", "additional_info.projectedProductContext"]
DEFAULT_METASCOPES = ["ent_dataservices_sdk"]


class OrganizationEditForm(forms.Form):
    """What can change later."""

    name = forms.CharField(label="Name", max_length=150, help_text="As people here call it.")
    region = forms.CharField(
        label="Region", max_length=16, required=False, help_text="For example VA7; shown to people here, sent nowhere."
    )
    is_production = forms.BooleanField(
        label="All of it counts as production",
        required=False,
        help_text="Every promotion into this organization then needs an approval. Only an administrator of this "
        "installation takes the mark away.",
    )
    platform_url = forms.CharField(label="Platform URL", max_length=300, initial=DEFAULT_PLATFORM_URL)
    ims_url = forms.CharField(
        label="Sign-in service URL",
        max_length=300,
        initial=DEFAULT_IMS_URL,
        help_text="Where access tokens come from (Adobe IMS). Keep both URLs unless you use another environment.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for service in remote_services.all_services():
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
                for service in remote_services.all_services()
                if (value := cleaned.pop(field_of(service.name), None)) is not None
                and field_of(service.name) in self.data
            }
        return cleaned


def services_of(organization: Organization) -> dict[str, str]:
    """What the fields of further services show of an organization."""
    shown: dict[str, str] = {}
    for service in remote_services.all_services():
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

    remote_id = forms.CharField(
        label="Organization id",
        max_length=150,
        help_text="Ends in @AdobeOrg. The Adobe Developer Console shows it beside the credential.",
    )
    field_order = ("name", "remote_id", "region", "is_production", "platform_url", "ims_url")


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


class CredentialEditForm(forms.Form):
    """What is no secret."""

    name = forms.CharField(label="Name", max_length=100, help_text="To tell it from others, for example CI.")
    scopes = WordsField(
        label="Scopes",
        required=False,
        max_length=2000,
        help_text="As the Adobe Developer Console lists them, with commas between.",
    )
    metascopes = WordsField(
        label="Metascopes", required=False, max_length=2000, help_text="Only for JWT service accounts."
    )
    expires_at = LastDayField(
        label="Good until", required=False, help_text="You are warned 14 days before. Empty: no end is known."
    )


class SecretForm(forms.Form):
    """Another secret for a credential; nothing that is stored is ever shown."""

    client_secret = secret_field("Client secret")
    private_key = private_key_field()

    def __init__(self, *args: Any, kind: CredentialKind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if kind is not CredentialKind.JWT:
            del self.fields["private_key"]


class CredentialForm(CredentialEditForm):
    """A new credential."""

    kind = forms.ChoiceField(label="Kind")
    client_id = forms.CharField(
        label="Client id", max_length=200, widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    )
    client_secret = secret_field("Client secret", help_text="Stored encrypted and never shown again.")
    technical_account_id = forms.CharField(
        label="Technical account id",
        max_length=200,
        required=False,
        help_text="Ends in @techacct.adobe.com. Only for JWT service accounts.",
    )
    private_key = private_key_field()
    field_order = (
        "name",
        "kind",
        "client_id",
        "client_secret",
        "scopes",
        "expires_at",
        "technical_account_id",
        "metascopes",
        "private_key",
    )

    def __init__(self, *args: Any, organization: Organization, **kwargs: Any) -> None:
        kwargs["initial"] = {
            "scopes": DEFAULT_SCOPES,
            "metascopes": DEFAULT_METASCOPES,
            **(kwargs.get("initial") or {}),
        }
        super().__init__(*args, **kwargs)
        kinds = KINDS_OF_ORGANIZATION[OrganizationKind(organization.kind)]
        offer_choices(self, "kind", [(kind.value, str(kind.label)) for kind in kinds])

    def clean_kind(self) -> CredentialKind:
        return CredentialKind(self.cleaned_data["kind"])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("kind") is not CredentialKind.JWT:
            cleaned.update(technical_account_id="", metascopes=[], private_key="")
        return cleaned

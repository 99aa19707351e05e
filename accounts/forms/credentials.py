"""Forms about credentials; which fields they have hangs on the kind."""

from typing import Any, cast

from django import forms

from accounts.choices import CredentialKind, OrganizationKind
from accounts.forms.fields import LastDayField, WordsField, offer_choices, private_key_field, secret_field
from accounts.models import Organization
from accounts.vendors import VENDORS, CredentialParts, parts_of

DEFAULT_SCOPES = ["openid", "AdobeID", "read_organizations", "additional_info.projectedProductContext"]
DEFAULT_METASCOPES = ["ent_dataservices_sdk"]


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
    issuer = forms.CharField(
        label="Issuer id",
        max_length=200,
        help_text="The issuer_id in the authentication settings of the environment; sent as the claim iss.",
    )
    key_id = forms.CharField(
        label="Key id",
        max_length=200,
        required=False,
        help_text="The kid of the public key at the jwks_url. Not needed if only one key is published there.",
    )
    expires_at = LastDayField(
        label="Good until", required=False, help_text="You are warned 14 days before. Empty: no end is known."
    )

    def __init__(self, *args: Any, kind: CredentialKind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Both kinds of Adobe have had one form, on which nothing is asked for but what either of them needs.
        adobe = VENDORS[OrganizationKind.ADOBE].credential_kinds
        has = {"scopes", "metascopes"} if kind in adobe else set(parts_of(kind).facts)
        for name in {"scopes", "metascopes", "issuer", "key_id"} - has:
            del self.fields[name]


class SecretForm(forms.Form):
    """Another secret for a credential; nothing that is stored is ever shown."""

    client_secret = secret_field("Client secret")
    private_key = private_key_field()

    def __init__(self, *args: Any, kind: CredentialKind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ask_for_secrets(self, parts_of(kind))


class CredentialForm(CredentialEditForm):
    """A new credential of Adobe, of either kind."""

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
        kinds = organization.vendor.credential_kinds
        super().__init__(*args, kind=kinds[0], **kwargs)
        offer_choices(self, "kind", [(kind.value, str(kind.label)) for kind in kinds])

    def clean_kind(self) -> CredentialKind:
        return CredentialKind(self.cleaned_data["kind"])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("kind") is not CredentialKind.JWT:
            cleaned.update(technical_account_id="", metascopes=[], private_key="")
        return cleaned


class KindCredentialForm(CredentialEditForm):
    """A new credential of one kind, which was chosen before: it asks for nothing that only another kind has."""

    client_id = forms.CharField(
        max_length=200, widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    )
    client_secret = secret_field("")
    private_key = private_key_field()
    field_order = ("name", "client_id", "client_secret", "issuer", "key_id", "private_key", "expires_at")

    def __init__(self, *args: Any, kind: CredentialKind, **kwargs: Any) -> None:
        super().__init__(*args, kind=kind, **kwargs)
        self.kind, self.parts = kind, parts_of(kind)
        self.fields["client_id"].label = self.parts.id_label
        ask_for_secrets(self, self.parts)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        return {**cleaned, "kind": self.kind}


def ask_for_secrets(form: forms.Form, parts: CredentialParts) -> None:
    """Let a form ask for the secrets of one kind and no others, under their names."""
    for name in ("client_secret", "private_key"):
        if name not in parts.secrets:
            del form.fields[name]
    if "client_secret" in form.fields:
        secret = cast(forms.CharField, form.fields["client_secret"])
        secret.label, secret.strip = parts.secret_label, not parts.has_password
    elif "private_key" in form.fields:
        form.fields["private_key"].required = True
        form.fields["private_key"].help_text = parts.key_help

"""Forms about people."""

from typing import Any

from django import forms

from accounts import access
from accounts.choices import ROLE_EXPLANATIONS, Role
from accounts.forms.fields import NewPersonForm, offer_rows, time_zone_field
from accounts.models import Organization, User

EMAIL_INPUT = forms.EmailInput(attrs={"autocomplete": "email"})


class FirstRunForm(NewPersonForm):
    """The first administrator, who proves to have read the console."""

    code = forms.CharField(
        label="Set-up code",
        max_length=40,
        help_text="It was printed on the console when Towpath started.",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autocapitalize": "characters"}),
    )
    email = forms.EmailField(label="E-mail address", max_length=254, widget=EMAIL_INPUT)
    field_order = ("code", "full_name", "email", "password", "time_zone")

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


class AcceptInvitationForm(NewPersonForm):
    """The invited person's own part."""

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email_of_person = email


class InviteForm(forms.Form):
    """Whom to let in, and as what."""

    email = forms.EmailField(label="E-mail address", max_length=254, widget=EMAIL_INPUT)
    full_name = forms.CharField(label="Name", max_length=150, required=False)
    organization = forms.ModelChoiceField(
        Organization.objects.none(), label="Organization", required=False, empty_label="None yet"
    )
    role = forms.ChoiceField(label="Role in it", choices=[("", "None yet"), *Role.choices], required=False)
    is_administrator = forms.BooleanField(
        label="Administrator of this installation",
        required=False,
        help_text="Adds organizations, invites people, and is admin everywhere.",
    )

    def __init__(self, *args: Any, inviter: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_rows(self, "organization", access.organizations_for_role(inviter, Role.ADMIN))
        if not access.is_administrator(inviter):
            del self.fields["is_administrator"]
            self.fields["organization"].required = self.fields["role"].required = True

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        cleaned.setdefault("is_administrator", False)
        cleaned["role"] = Role(cleaned["role"]) if cleaned.get("role") else None
        return cleaned


class ProfileForm(forms.Form):
    """What people set about themselves."""

    full_name = forms.CharField(
        label="Your name", max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    time_zone = time_zone_field()


class ReasonForm(forms.Form):
    """Why something is done; it goes into the record."""

    reason = forms.CharField(label="Reason", max_length=500, required=False)


class NeededReasonForm(forms.Form):
    """Why something grave is done to somebody; it goes into the record."""

    reason = forms.CharField(label="Reason", max_length=500)


class MembershipForm(forms.Form):
    """Who has which role in an organization."""

    user = forms.ModelChoiceField(User.objects.none(), label="Person", empty_label="Choose a person")
    role = forms.ChoiceField(label="Role", choices=Role.choices)

    def __init__(self, *args: Any, organization: Organization, admin: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = access.people_for_read(admin).filter(is_active=True).exclude(memberships__organization=organization)
        offer_rows(self, "user", others.order_by("full_name", "email"))

    def clean_role(self) -> Role:
        return Role(self.cleaned_data["role"])


class RoleForm(forms.Form):
    """Another role for a member."""

    role = forms.ChoiceField(label="Role", choices=Role.choices)

    def clean_role(self) -> Role:
        return Role(self.cleaned_data["role"])


def role_explanations() -> list[tuple[str, str]]:
    """Name and meaning of every role, for the page."""
    return [(str(role.label), ROLE_EXPLANATIONS[role]) for role in Role]

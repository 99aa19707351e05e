"""The forms of django-allauth in the words of our other pages; labels say enough without placeholders."""

from typing import Any

from allauth.account.forms import LoginForm, ResetPasswordForm
from allauth.account.forms import ReauthenticateForm as PasswordAgainForm
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.base.internal.flows import check_rate_limit
from django import forms

from accounts.models import User
from accounts.services import people, second_factor


def _rename(form: forms.Form, **labels: str) -> None:
    for name, words in labels.items():
        if name in form.fields:
            form.fields[name].label = words
    for field in form.fields.values():
        field.widget.attrs.pop("placeholder", None)


class SignInForm(LoginForm):  # type: ignore[misc]
    """E-mail address and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _rename(self, login="E-mail address", remember="Stay signed in on this device")


class ConfirmForm(PasswordAgainForm):  # type: ignore[misc]
    """The password once more."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _rename(self)


class ForgottenPasswordForm(ResetPasswordForm):  # type: ignore[misc]
    """Where to send the link."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _rename(self, email="E-mail address")

    def clean_email(self) -> str:
        """Where passwords are closed, nobody is mailed a link to one they could not use."""
        email: str = super().clean_email()
        found: list[User] = vars(self)["users"]
        self.users = [user for user in found if people.may_use_password(user)]
        return email


CODE_INPUT = forms.TextInput(
    attrs={
        "autocomplete": "one-time-code",
        "inputmode": "numeric",
        "autofocus": True,
        "spellcheck": "false",
        "maxlength": 40,
    }
)


class _CodeForm(forms.Form):
    """A code of the authenticator app, or a recovery code."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"] = forms.CharField(
            label="Code",
            max_length=40,
            widget=CODE_INPUT,
            help_text="Six digits from the authenticator app, or one of your recovery codes.",
        )

    def clean_code(self) -> str:
        forget_failures = check_rate_limit(self.user)  # type: ignore[attr-defined]
        code: str = self.cleaned_data["code"]
        self.authenticator = second_factor.use_code(user=self.user, code=code)  # type: ignore[attr-defined]
        if self.authenticator is None:
            raise get_adapter().validation_error("incorrect_code")
        self.authenticator.user = self.user  # type: ignore[attr-defined]
        forget_failures()
        return code


class SecondFactorForm(_CodeForm, AuthenticateForm):  # type: ignore[misc]
    """The second step of signing in."""


class SecondFactorAgainForm(_CodeForm, ReauthenticateForm):  # type: ignore[misc]
    """Proof that it is still the same person."""


class NewSecondFactorForm(forms.Form):
    """Proof that the app holds the secret."""

    code = forms.CharField(
        label="Code that the app shows",
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"}),
        help_text="Six digits; they change every 30 seconds.",
    )

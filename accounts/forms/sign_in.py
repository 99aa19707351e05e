"""The forms of django-allauth in the words of our other pages; labels say enough without placeholders."""

from typing import Any

from allauth.account.forms import LoginForm, ResetPasswordForm
from django import forms


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


class ForgottenPasswordForm(ResetPasswordForm):  # type: ignore[misc]
    """Where to send the link."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _rename(self, email="E-mail address")

"""Parts that several forms share."""

import zoneinfo
from datetime import date, datetime, time
from typing import Any, cast

from django import forms
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import QuerySet
from django.utils import timezone

from accounts.errors import RefusedError
from accounts.models import User

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2999, 12, 31)


class OnceTextarea(forms.Textarea):
    """A text area that never shows what was sent, as password inputs do."""

    def format_value(self, value: Any) -> str | None:
        return None


class WordsField(forms.CharField):
    """Words between commas or blanks, as a list."""

    def to_python(self, value: Any) -> Any:
        if isinstance(value, list):
            return value
        return [word for word in (super().to_python(value) or "").replace(",", " ").split() if word]

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value


class DayField(forms.DateField):
    """A day of our times: those at the ends of the calendar have no moment in every zone, nor a day after."""

    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    default_validators = [
        MinValueValidator(FIRST_DAY, "Choose a day from %(limit_value)s on."),
        MaxValueValidator(LAST_DAY, "Choose a day until %(limit_value)s."),
    ]


class LastDayField(DayField):
    """A day, as the moment at which it ends in the reader's zone."""

    def clean(self, value: Any) -> Any:
        day = super().clean(value)
        return None if day is None else timezone.make_aware(datetime.combine(day, time(23, 59, 59)))

    def prepare_value(self, value: Any) -> Any:
        return timezone.localtime(value).date() if isinstance(value, datetime) else value


def time_zone_field() -> forms.ChoiceField:
    """Every zone this machine knows."""
    return forms.ChoiceField(
        label="Time zone",
        choices=lambda: [(name, name.replace("_", " ")) for name in sorted(zoneinfo.available_timezones())],
        initial="UTC",
        help_text="Times are shown in it.",
    )


def secret_field(label: str, *, help_text: str = "", required: bool = True, max_length: int = 2000) -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=required,
        strip=True,
        max_length=max_length,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )


def private_key_field() -> forms.CharField:
    return forms.CharField(
        label="Private key",
        help_text="The PEM text, with its BEGIN and END lines. Only for JWT service accounts.",
        required=False,
        max_length=20000,
        widget=OnceTextarea(attrs={"rows": 6, "autocomplete": "off", "spellcheck": "false"}),
    )


class NewPersonForm(forms.Form):
    """What every new person sets: name, password, time zone."""

    full_name = forms.CharField(
        label="Your name", max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    password = forms.CharField(
        label="Password",
        strip=False,
        max_length=500,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 12 characters. Four unrelated words are better than one with signs.",
    )
    time_zone = time_zone_field()
    email_of_person = ""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        password = cleaned.get("password")
        if password:
            person = User(email=cleaned.get("email") or self.email_of_person, full_name=cleaned.get("full_name", ""))
            try:
                password_validation.validate_password(password, person)
            except ValidationError as exc:
                self.add_error("password", exc)
        return cleaned


def offer_rows(form: forms.Form, name: str, rows: QuerySet[Any]) -> None:
    """Let a field offer these rows and take no others."""
    cast("forms.ModelChoiceField[Any]", form.fields[name]).queryset = rows


def offer_choices(form: forms.Form, name: str, choices: list[tuple[str, str]]) -> None:
    """Let a field offer these choices and take no others."""
    cast(forms.ChoiceField, form.fields[name]).choices = choices


def show_refusal(form: forms.Form, refusal: RefusedError) -> None:
    """Put a service's refusal beside the field it speaks of, or above the form."""
    field = refusal.field if refusal.field in form.fields else None
    form.add_error(field, refusal.message)

"""Forms about stored values; a form never shows a value again."""

from typing import Any

from django import forms

from accounts.forms.fields import secret_field
from accounts.services.stored_values import VALUE_LENGTH


class ValueEditForm(forms.Form):
    """What is no secret."""

    name = forms.CharField(
        label="Name",
        max_length=100,
        help_text="Operators choose by it, for example SMS provider, API key.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    description = forms.CharField(
        label="Description",
        max_length=500,
        required=False,
        help_text="What it opens and who issued it. Operators read this, so no secrets here.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class ValueForm(ValueEditForm):
    """A new value."""

    value = secret_field("Value", help_text="Stored encrypted and never shown again.", max_length=VALUE_LENGTH)
    field_order = ("name", "value", "description")


class ReplaceValueForm(forms.Form):
    """Another value; its name is typed where something unfinished uses it."""

    value = secret_field("New value", help_text="The one stored now is overwritten.", max_length=VALUE_LENGTH)
    confirmed_name = forms.CharField(
        label="Name of the value",
        max_length=100,
        required=False,
        help_text="Type it to replace the value although it is in use.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, is_used: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_used:
            self.fields["confirmed_name"].required = True
        else:
            del self.fields["confirmed_name"]

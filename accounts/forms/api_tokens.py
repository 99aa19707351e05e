"""Forms about API tokens."""

from django import forms

from accounts.forms.fields import LastDayField


class ApiTokenForm(forms.Form):
    """A new token."""

    name = forms.CharField(label="Name", max_length=100, help_text="What it is for, for example nightly export.")
    expires_at = LastDayField(label="Good until", required=False, help_text="Empty: until you revoke it.")

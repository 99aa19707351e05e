"""Forms about further texts of an export that somebody wants to decide."""

from django import forms

POINTER_LIMIT = 10_000
WORDS_LIMIT = 200


class TextSearchForm(forms.Form):
    """Words to find texts by."""

    q = forms.CharField(
        label="Words of the text, or of where it stands",
        required=False,
        max_length=WORDS_LIMIT,
        widget=forms.SearchInput(attrs={"placeholder": "Such as a subject line or a link"}),
    )


class TextForm(forms.Form):
    """One text of an export, by its pointer, and what is to happen with it."""

    act = forms.ChoiceField(choices=[("choose", "Choose"), ("leave", "Leave")])
    pointer = forms.CharField(max_length=POINTER_LIMIT, strip=False)

"""What a person decides on several targets at once."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from promotions.choices import Decision
from promotions.services import decisions, groups
from promotions.services.groups import Chooser
from promotions.services.sealed_values import SECRET_LIMIT


class TogetherForm(forms.Form):
    """One act on every open plan of a group: on all of their objects, or on one."""

    BULK: dict[str, tuple[str, Chooser]] = {
        "exact": ("Accepted all exact matches", decisions.exact_matches),
        "remembered": ("Took what was decided before", groups.as_before),
        "create-undecided": ("Create new for all undecided", decisions.creations_of_undecided),
        "keep-undecided": ("Kept all that can stay as it is", decisions.kept),
    }
    ON_ONE = ("create", "use", "keep", "fill")
    act = forms.ChoiceField(choices=[(name, name) for name in (*BULK, *ON_ONE)])
    key = forms.CharField(max_length=600, required=False)
    name = forms.CharField(max_length=600, required=False, strip=False)
    title = forms.CharField(max_length=500, required=False, strip=False)
    value = forms.CharField(max_length=SECRET_LIMIT, required=False, strip=False)

    def __init__(self, *args: Any, is_update: bool = False, **kwargs: Any) -> None:
        """`is_update` says that the plans of the group update objects of the targets."""
        super().__init__(*args, **kwargs)
        self._is_update = is_update

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        act = cleaned.get("act")
        if act in self.ON_ONE and not cleaned.get("key"):
            raise ValidationError("Say which object is meant.")
        if act == "fill" and not cleaned.get("value"):
            raise ValidationError("Type the value first.")
        if act == "use" and not cleaned.get("title"):
            raise ValidationError("Say which existing object is meant.")
        return cleaned

    def chosen(self) -> tuple[str, Chooser]:
        """What is done, in words, and how it is chosen in each target."""
        act, key, title = (self.cleaned_data[name] for name in ("act", "key", "title"))
        name = self.cleaned_data["name"] or key
        if act == "create":
            return f"Create {name} new in all", groups.for_key(key, Decision.CREATE)
        if act == "keep":
            return f"Keep {name} as it is in all", groups.for_key(key, Decision.KEEP)
        if act == "fill":
            return f"Filled in {name} in all", groups.filled(key, self.cleaned_data["value"])
        if act == "use":
            verb = "Update" if self._is_update else "Use"
            return f"{verb} the existing “{title}” for {name} in all", groups.for_key(key, Decision.REUSE, title)
        return self.BULK[act]


class NoteForm(forms.Form):
    note = forms.CharField(
        label="Note for the approvers",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Sent with each approval that is asked for.",
    )

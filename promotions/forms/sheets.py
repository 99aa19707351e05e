"""A sheet of decisions, and a rule for names, as people send them."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from promotions.models import PlanItem
from promotions.services.sheets import CASES, CHARACTERS_LIMIT, Rule

BYTES_LIMIT = 4 * CHARACTERS_LIMIT


class SheetForm(forms.Form):
    """Pasted, or a file; and whether lines that cannot be applied may be left out."""

    text = forms.CharField(
        label="Lines",
        required=False,
        max_length=CHARACTERS_LIMIT,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false", "class": "sheet-text"}),
        help_text="kind, name, target: separated by commas, semicolons or tabs, as a spreadsheet copies them.",
    )
    file = forms.FileField(label="Or a file", required=False, help_text="CSV in UTF-8.")
    skips_bad = forms.BooleanField(label="Apply the other lines without those that cannot be applied", required=False)

    def clean_file(self) -> str:
        uploaded = self.cleaned_data["file"]
        if uploaded is None:
            return ""
        if uploaded.size > BYTES_LIMIT:
            raise ValidationError(f"The file is larger than {BYTES_LIMIT:,} bytes. Split it.")
        try:
            text: str = uploaded.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise ValidationError("The file is no plain text in UTF-8. Save it as CSV in UTF-8.") from None
        return text

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        pasted = cleaned.get("text", "")
        if cleaned.get("file") and pasted.strip():
            self.add_error("file", "There are pasted lines and a file. Send one of them.")
        elif not cleaned.get("file") and not pasted.strip():
            self.add_error("text", "Paste the lines, or choose a file.")
        return cleaned

    @property
    def sheet(self) -> str:
        return str(self.cleaned_data["file"] or self.cleaned_data["text"])


class RuleForm(forms.Form):
    """One beginning of names for another, and their case; for the ticked names, or all that are undecided."""

    old = forms.CharField(
        label="Names that begin with",
        required=False,
        max_length=300,
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "off"}),
        help_text="Empty: all names.",
    )
    new = forms.CharField(
        label="Begin in the target with",
        required=False,
        max_length=300,
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "off"}),
        help_text="Stays as it is typed.",
    )
    case = forms.ChoiceField(
        label="What follows is written",
        choices=list(CASES.items()),
        initial="as-is",
        required=False,
        widget=forms.RadioSelect,
    )
    item = forms.TypedMultipleChoiceField(coerce=int, required=False, widget=forms.MultipleHiddenInput)
    seen = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, items: Sequence[PlanItem], **kwargs: Any) -> None:
        """`items` are those of the plan that rules can be about."""
        super().__init__(*args, **kwargs)
        field = self.fields["item"]
        if not isinstance(field, forms.TypedMultipleChoiceField):
            raise TypeError("items are choices")
        field.choices = [(item.pk, "") for item in items]

    @property
    def rule(self) -> Rule:
        said = self.cleaned_data
        return Rule(said["old"], said["new"], said["case"] or "as-is")

    @property
    def item_ids(self) -> list[int] | None:
        """The ticked rows; None for all that are undecided."""
        return self.cleaned_data["item"] or None

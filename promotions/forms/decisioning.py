"""What shall be migrated to Decisioning, between which sandboxes."""

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.models import Sandbox
from promotions.ids_text import first_column
from promotions.services.decisioning_plans import HOURS_LIMIT, IDS_LIMIT
from promotions.systems.decisioning.picks import LEVELS, Pick

FILE_LIMIT = 200_000


class MigrationForm(forms.Form):
    """Sandboxes of the organizations that the person operates; both of one organization."""

    source = forms.ChoiceField(label="Source sandbox", help_text="It holds the objects of Decision management.")
    target = forms.ChoiceField(
        label="Target sandbox", help_text="Of the same organization. It may be the source itself; you are then asked."
    )
    level = forms.ChoiceField(
        label="Scope",
        choices=list(LEVELS.items()),
        initial="sandbox",
        widget=forms.RadioSelect,
        help_text="The platform advises to begin with the whole sandbox.",
    )
    ids = forms.CharField(
        label="Ids of offers or decisions",
        required=False,
        max_length=FILE_LIMIT,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text="One a line, or separated by commas. Not needed for a whole sandbox.",
    )
    file = forms.FileField(label="Or a file with ids", required=False, help_text="Plain text or CSV, first column.")
    hours = forms.IntegerField(
        label="Follow for hours",
        min_value=1,
        max_value=HOURS_LIMIT,
        initial=24,
        help_text="A workflow that is not over by then is handed to a person; it goes on at the platform.",
    )

    def __init__(self, *args: Any, sandboxes: Sequence[Sandbox], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._by_pk = {str(sandbox.pk): sandbox for sandbox in sandboxes}
        choices = [(pk, f"{sandbox.organization} · {sandbox.name}") for pk, sandbox in self._by_pk.items()]
        for name in ("source", "target"):
            field = self.fields[name]
            if not isinstance(field, forms.ChoiceField):
                raise TypeError("sandboxes are a choice")
            field.choices = [("", "Choose a sandbox"), *choices]

    def clean_file(self) -> str:
        uploaded = self.cleaned_data["file"]
        if uploaded is None:
            return ""
        if uploaded.size > FILE_LIMIT:
            raise ValidationError(f"The file is larger than {FILE_LIMIT:,} bytes. Paste the ids, or split it.")
        try:
            text: str = uploaded.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise ValidationError("The file is no plain text in UTF-8. Save it as text or CSV.") from None
        try:
            return "\n".join(first_column(text))
        except ValueError as exc:
            raise ValidationError(str(exc)) from exc

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        source, target = self._by_pk.get(cleaned.get("source", "")), self._by_pk.get(cleaned.get("target", ""))
        if source is not None and target is not None and source.organization_id != target.organization_id:
            self.add_error("target", "Source and target have to be sandboxes of one organization.")
        pasted = f"{cleaned.get('ids', '')}\n{cleaned.get('file', '')}"
        ids = list(dict.fromkeys(found.strip() for found in re.split(r"[\s,;]+", pasted) if found.strip()))
        if len(ids) > IDS_LIMIT:
            self.add_error("ids", f"Name at most {IDS_LIMIT:,} ids at once; a sandbox can be migrated whole.")
        if cleaned.get("level") != "sandbox" and not ids and not self.errors:
            self.add_error("ids", "Paste the ids, choose a file, or migrate the whole sandbox.")
        cleaned["found_ids"] = ids
        return cleaned

    @property
    def target_sandbox(self) -> Sandbox:
        return self._by_pk[self.cleaned_data["target"]]

    @property
    def pick(self) -> Pick:
        level = self.cleaned_data["level"]
        ids = () if level == "sandbox" else tuple(self.cleaned_data["found_ids"])
        return Pick(self._by_pk[self.cleaned_data["source"]].name, level, ids, self.cleaned_data["hours"])

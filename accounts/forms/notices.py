"""Forms about notices."""

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.conf import settings

from accounts.services.notices import Choice, NoticeKind


class PreferencesForm(forms.Form):
    """Two boxes for each kind: on the page, and by mail, which nobody can tick where no mail is sent."""

    def __init__(self, *args: Any, chosen: Sequence[Choice], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._chosen = chosen
        for choice in chosen:
            kind = choice.kind
            self.fields[f"{kind.name}-in_app"] = _box(f"{kind.label}: on the page of notices", choice.in_app)
            self.fields[f"{kind.name}-mail"] = _box(
                f"{kind.label}: by mail", choice.mail, disabled=not settings.CAN_SEND_MAIL
            )

    def rows(self) -> Iterator[tuple[NoticeKind, forms.BoundField, forms.BoundField]]:
        for choice in self._chosen:
            yield choice.kind, self[f"{choice.kind.name}-in_app"], self[f"{choice.kind.name}-mail"]

    def choices(self) -> list[Choice]:
        """What a valid form says of every kind."""
        return [
            Choice(
                choice.kind,
                in_app=self.cleaned_data[f"{choice.kind.name}-in_app"],
                mail=self.cleaned_data[f"{choice.kind.name}-mail"],
            )
            for choice in self._chosen
        ]


def _box(label: str, initial: bool, *, disabled: bool = False) -> forms.BooleanField:
    return forms.BooleanField(
        label=label,
        required=False,
        initial=initial,
        disabled=disabled,
        widget=forms.CheckboxInput(attrs={"aria-label": label}),
    )

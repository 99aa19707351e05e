"""What the filter forms above lists have in common."""

from datetime import date, datetime, time
from typing import Any, ClassVar

from django import forms
from django.utils import timezone


class FilterForm(forms.Form):
    """A filter of which every part may be empty; `since` and `until`, where a form has them, are whole days."""

    first: ClassVar[tuple[str, ...]] = ()
    """Names of the fields that are always in sight."""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and since > until:
            self.add_error("until", "This day is before the first one. Swap them or drop one.")
        return cleaned

    def first_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.first]

    def more_fields(self) -> list[forms.BoundField]:
        """What is folded away unless it is set."""
        return [field for field in self.visible_fields() if field.name not in self.first]

    def is_more_set(self) -> bool:
        return any(field.value() or field.errors for field in self.more_fields())

    def active(self) -> list[str]:
        """Names of the parts that narrow or widen the list; only for a valid form."""
        return [name for name in self.fields if self.cleaned_data[name]]

    def words_for(self, name: str) -> str:
        """One part of the filter in words, for its chip."""
        raise NotImplementedError

    def in_words(self) -> str:
        return ", ".join(self.words_for(name) for name in self.active())


def start_of(day: date) -> datetime:
    """The first moment of a day in the reader's time zone."""
    return timezone.make_aware(datetime.combine(day, time.min))

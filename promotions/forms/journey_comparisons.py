"""What a version of a journey is compared with."""

from collections.abc import Sequence
from typing import Any

from django import forms

OTHER = "with"
NOT_OFFERED = "That version is not known here, or you may not read it. Choose one of the list."


class ComparisonForm(forms.Form):
    """The two sides: a version of the journey, and a version of it or of another one."""

    version = forms.ChoiceField(
        label="Version",
        error_messages={"required": "Choose a version.", "invalid_choice": NOT_OFFERED},
    )

    def __init__(
        self,
        *args: Any,
        versions: Sequence[tuple[str, str]],
        others: Sequence[tuple[str, Sequence[tuple[str, str]]]],
        **kwargs: Any,
    ) -> None:
        """`versions` are pairs of uid and words, `others` groups of pairs of key and words."""
        super().__init__(*args, **kwargs)
        version = self.fields["version"]
        if not isinstance(version, forms.ChoiceField):
            raise TypeError("versions are a choice")
        version.choices = versions
        self.fields[OTHER] = forms.ChoiceField(
            label="Compared with",
            choices=[("", "Choose"), *others],
            error_messages={"required": "Choose what to compare it with.", "invalid_choice": NOT_OFFERED},
        )

    @property
    def other(self) -> forms.BoundField:
        """The field of a name that templates cannot write."""
        return self[OTHER]

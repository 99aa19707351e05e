"""Forms about versions of packages."""

from collections.abc import Sequence
from typing import Any

from django import forms

from accounts.models import Sandbox


class CompareForm(forms.Form):
    """What a package is compared with; nothing chosen means the sandbox that it comes from."""

    sandbox = forms.TypedChoiceField(label="Compare with", required=False, empty_value=None)

    def __init__(self, *args: Any, sandboxes: Sequence[Sandbox], source: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = {str(sandbox.pk): sandbox for sandbox in sandboxes if sandbox.name != source}
        field = self.fields["sandbox"]
        if not isinstance(field, forms.TypedChoiceField):
            raise TypeError("a sandbox is a choice")
        field.choices = [
            ("", f"{source or 'its own sandbox'} (where it comes from)"),
            *((pk, sandbox.name) for pk, sandbox in others.items()),
        ]
        field.coerce = others.__getitem__

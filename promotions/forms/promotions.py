"""Forms about promotions."""

from typing import Any

from django import forms

from accounts.models import Sandbox
from promotions.choices import PromotionMode
from promotions.services.plans import JOB_NAME_LIMIT


class JobTextForm(forms.Form):
    """What the remote job will be called."""

    job_name = forms.CharField(
        label="Job name",
        max_length=JOB_NAME_LIMIT,
        help_text="The platform's job list shows it.",
    )
    job_description = forms.CharField(
        label="Description",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Towpath adds a marker at its end, by which it finds the job again.",
    )


class PlanForm(JobTextForm):
    """Where a package shall go: into one sandbox, or into several at once."""

    sandbox = forms.TypedMultipleChoiceField(
        label="Target sandboxes",
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": "Choose the sandbox to import into.",
            "invalid_choice": "That sandbox is not offered for this package. Choose one of the list.",
        },
    )
    mode = forms.ChoiceField(
        label="What it does",
        choices=PromotionMode.choices,
        initial=PromotionMode.CREATE,
        widget=forms.RadioSelect,
    )
    field_order = ["sandbox", "mode", "job_name", "job_description"]

    def __init__(self, *args: Any, targets: list[Sandbox], can_update: bool = False, **kwargs: Any) -> None:
        """`can_update` says that the package may be imported as an update; otherwise nothing is asked about it."""
        super().__init__(*args, **kwargs)
        if not can_update:
            del self.fields["mode"]
        by_pk = {str(sandbox.pk): sandbox for sandbox in targets}
        field = self.fields["sandbox"]
        if not isinstance(field, forms.TypedMultipleChoiceField):
            raise TypeError("sandboxes are a choice")
        field.choices = [(pk, sandbox.name) for pk, sandbox in by_pk.items()]
        field.coerce = by_pk.__getitem__
        self.targets = targets

    def mode_asked(self) -> PromotionMode:
        return PromotionMode(self.cleaned_data.get("mode") or PromotionMode.CREATE)


class AbandonForm(forms.Form):
    reason = forms.CharField(label="Reason", required=False, max_length=500, help_text="Kept in the record.")

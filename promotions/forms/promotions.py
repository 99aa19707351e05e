"""Forms about promotions."""

from collections.abc import Sequence
from typing import Any

from django import forms

from accounts.models import Sandbox
from promotions.choices import PLANNED_MODES, PromotionMode
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


class TargetsForm(forms.Form):
    """Where something shall go: into one sandbox, or into several at once."""

    sandbox = forms.TypedMultipleChoiceField(
        label="Target sandboxes",
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": "Choose the sandbox to import into.",
            "invalid_choice": "That sandbox is not offered here. Choose one of the list.",
        },
    )

    def __init__(self, *args: Any, targets: Sequence[Sandbox], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        by_pk = {str(sandbox.pk): sandbox for sandbox in targets}
        field = self.fields["sandbox"]
        if not isinstance(field, forms.TypedMultipleChoiceField):
            raise TypeError("sandboxes are a choice")
        field.choices = [(pk, sandbox.name) for pk, sandbox in by_pk.items()]
        field.coerce = by_pk.__getitem__
        self.targets = targets


class PlanForm(TargetsForm, JobTextForm):
    """Where a package shall go, and what the jobs will be called."""

    mode = forms.ChoiceField(
        label="What it does",
        choices=PLANNED_MODES,
        initial=PromotionMode.CREATE,
        widget=forms.RadioSelect,
    )
    field_order = ["sandbox", "mode", "job_name", "job_description"]

    def __init__(self, *args: Any, can_update: bool = False, **kwargs: Any) -> None:
        """`can_update` says that the package may be imported as an update; otherwise nothing is asked about it."""
        super().__init__(*args, **kwargs)
        if not can_update:
            del self.fields["mode"]

    def mode_asked(self) -> PromotionMode:
        return PromotionMode(self.cleaned_data.get("mode") or PromotionMode.CREATE)


class UndoForm(forms.Form):
    reason = forms.CharField(label="Reason", max_length=500, help_text="Kept in the record, and shown to approvers.")


class AbandonForm(forms.Form):
    reason = forms.CharField(label="Reason", required=False, max_length=500, help_text="Kept in the record.")


class VersionForm(TargetsForm):
    """Which version of a journey shall go where."""

    version = forms.ChoiceField(
        label="Version",
        error_messages={
            "required": "Choose the version to promote.",
            "invalid_choice": "That version is not known here any more. Choose one of the list.",
        },
    )
    field_order = ["version", "sandbox"]

    def __init__(self, *args: Any, versions: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        """`versions` are pairs of uid and words."""
        super().__init__(*args, **kwargs)
        field = self.fields["version"]
        if not isinstance(field, forms.ChoiceField):
            raise TypeError("versions are a choice")
        field.choices = versions

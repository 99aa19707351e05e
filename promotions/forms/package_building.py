"""Forms that build a package: what it is called, where its objects come from, how long it lives."""

from collections.abc import Sequence
from typing import Any, cast

from django import forms

from accounts.forms.fields import LastDayField
from accounts.models import Sandbox
from promotions.choices import PackageType
from promotions.forms.package_objects import TEXT_LIMIT
from promotions.services.building import DESCRIPTION_LIMIT
from promotions.services.package_names import NAME_LIMIT

EXPIRY_HELP = "Without a day the platform takes 90 days. A change of the objects may set it anew."


class SourceSandboxField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """Sandboxes of all organizations that may be built for: choosing one chooses both."""

    is_organization_named = False

    def label_from_instance(self, obj: Any) -> str:
        name = f"{obj.name} ({obj.title})" if obj.title and obj.title != obj.name else str(obj.name)
        return f"{obj.organization} · {name}" if self.is_organization_named else name

    def offer(self, sandboxes: Sequence[Sandbox]) -> None:
        """Offer these and take no others; a single one is chosen already."""
        self.is_organization_named = len({one.organization_id for one in sandboxes}) > 1
        self.queryset = Sandbox.objects.filter(pk__in=[one.pk for one in sandboxes])
        offered: list[tuple[Any, str]] = [(one.pk, self.label_from_instance(one)) for one in sandboxes]
        cast(forms.Select, self.widget).choices = offered if len(offered) == 1 else [("", "Choose a sandbox"), *offered]


class PackageTextForm(forms.Form):
    """What may be said anew of a draft at any time."""

    name = forms.CharField(
        label="Name", max_length=NAME_LIMIT, help_text="No two packages of an organization share one."
    )
    description = forms.CharField(
        label="Description", required=False, max_length=DESCRIPTION_LIMIT, widget=forms.Textarea(attrs={"rows": 3})
    )
    expires_at = LastDayField(label="Expires after", required=False, help_text=EXPIRY_HELP)


class PastedForm(forms.Form):
    """The text with the objects; forms.package_objects reads it, and the rows that stand below it."""

    text = forms.CharField(
        label="Paste objects",
        required=False,
        max_length=TEXT_LIMIT,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false", "autocomplete": "off", "class": "mono"}),
        help_text="Ids, addresses of objects, or rows of a table with type, id and title. One object on each line.",
    )

    def __init__(self, *args: Any, page_url: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].widget.attrs |= looks_again(page_url, "input changed delay:300ms")


class NewPackageForm(PastedForm, PackageTextForm):
    """A new draft, and its first objects."""

    sandbox = SourceSandboxField(
        Sandbox.objects.none(),
        label="Sandbox",
        error_messages={
            "required": "Choose the sandbox that the objects come from.",
            "invalid_choice": "That sandbox is not offered. Choose an active one of the list.",
        },
        help_text="Every object of a package comes from one sandbox.",
    )
    package_type = forms.ChoiceField(
        label="What it holds", choices=PackageType.choices, initial=PackageType.PARTIAL, widget=forms.RadioSelect
    )
    publishes = forms.BooleanField(
        label="Publish when it is made",
        required=False,
        help_text="Only if the platform took everything as asked; a published package can no longer be changed.",
    )
    field_order = ("name", "sandbox", "package_type", "description", "expires_at", "text", "publishes")

    def __init__(self, *args: Any, sandboxes: Sequence[Sandbox], page_url: str, **kwargs: Any) -> None:
        super().__init__(*args, page_url=page_url, **kwargs)
        cast(SourceSandboxField, self.fields["sandbox"]).offer(sandboxes)
        self.fields["sandbox"].widget.attrs |= looks_again(page_url, "change")


class DeletePackageForm(forms.Form):
    typed_name = forms.CharField(
        label="Name of the package",
        strip=False,
        max_length=NAME_LIMIT,
        help_text="Type it to show that you mean this one.",
        error_messages={"required": "Type the name of the package to delete it."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


def looks_again(page_url: str, trigger: str) -> dict[str, str]:
    """Attributes of an input whose change has the rows below read anew."""
    return {
        "hx-post": page_url,
        "hx-trigger": trigger,
        "hx-target": "#gathered",
        "hx-swap": "outerHTML",
        "hx-sync": "closest form:replace",
    }

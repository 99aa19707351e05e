"""Forms about sharing across organizations."""

import re
from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.db.models import QuerySet

from accounts.forms.fields import offer_rows
from accounts.models import Organization
from promotions.forms.approvals import TEXT_LIMIT, DecisionForm
from promotions.models import Package
from promotions.services.sharing import NOTE_LIMIT


class ConsentForm(DecisionForm):
    """Approve or reject a sharing request, with its content hash as the person saw it."""

    reason = forms.CharField(
        label="Reason",
        required=False,
        max_length=TEXT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3, "required": True}),
        help_text="Kept in the record of both sides. Needed to approve and to reject.",
    )


class PartnershipDecisionForm(forms.Form):
    """Approve or reject what another organization asks."""

    verdict = forms.ChoiceField(
        choices=[("approve", "Approve"), ("reject", "Reject")],
        error_messages={"required": "Press Approve or Reject."},
    )
    reason = forms.CharField(
        label="Reason",
        required=False,
        max_length=TEXT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3, "required": True}),
        help_text="The partner reads it, and it is kept in the record.",
    )


class StopForm(forms.Form):
    reason = forms.CharField(
        label="Reason",
        max_length=TEXT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Kept in the record; whoever approved it can read it.",
    )


class PartnersField(forms.CharField):
    """Organization ids between lines, commas, semicolons or blanks, as a list."""

    widget = forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocapitalize": "off"})

    def to_python(self, value: Any) -> Any:
        if isinstance(value, list):
            return value
        return [word for word in re.split(r"[\s,;]+", super().to_python(value) or "") if word]

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value


class _AskingForm(forms.Form):
    """What is asked for in the name of an organization; its approvers decide."""

    note = forms.CharField(
        label="Note",
        required=False,
        max_length=NOTE_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Why this, why now. The approvers here read it and, where the partner’s organization lives in this "
        "installation, the partner’s approvers too.",
    )


class _WithPartnersForm(_AskingForm):
    """Partners typed or pasted, and others ticked."""

    partner_ids = PartnersField(
        label="Organization ids",
        required=False,
        max_length=10_000,
        help_text="One or many: a line each, or between commas. An id ends in @AdobeOrg.",
    )
    known = forms.MultipleChoiceField(label="Known organizations", required=False, widget=forms.CheckboxSelectMultiple)

    def offer(self, suggestions: Sequence[tuple[str, str]]) -> None:
        """Offer these ids, each with its words."""
        cast(forms.MultipleChoiceField, self.fields["known"]).choices = list(suggestions)
        if not suggestions:
            del self.fields["known"]

    def chosen(self) -> list[str]:
        """What is ticked and what is typed, each once; also of a form that cannot be sent yet."""
        typed = PartnersField(required=False).to_python(str(self["partner_ids"].value() or ""))
        ticked = list(self["known"].value() or []) if "known" in self.fields else []
        return list(dict.fromkeys([*(str(one) for one in ticked), *typed]))


class _PackageField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """Names are not unique across organizations."""

    def label_from_instance(self, obj: Package) -> str:
        number = (
            "entire sandbox" if obj.is_full else f"{obj.artifact_count} object{'' if obj.artifact_count == 1 else 's'}"
        )
        return f"{obj.name} · {obj.organization} · {number}"


class ShareForm(_WithPartnersForm):
    """A package, and with whom to share it."""

    package = _PackageField(
        Package.objects.none(),
        label="Package",
        empty_label="Choose a published package",
        error_messages={
            "required": "Choose the package to share.",
            "invalid_choice": "Choose one of the published packages of an organization where you are operator.",
        },
    )
    field_order = ("package", "known", "partner_ids", "note")

    def __init__(self, *args: Any, packages: QuerySet[Package], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_rows(self, "package", packages)


class PartnershipRequestForm(_WithPartnersForm):
    """In whose name, and who is asked."""

    organization = forms.ModelChoiceField(
        Organization.objects.none(),
        label="In the name of",
        empty_label="Choose an organization",
        error_messages={"required": "Choose the organization."},
    )
    field_order = ("organization", "known", "partner_ids", "note")

    def __init__(self, *args: Any, organizations: QuerySet[Organization], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_rows(self, "organization", organizations)


class PullForm(_AskingForm):
    """Which public packages to bring, into which organization."""

    organization = forms.ModelChoiceField(
        Organization.objects.none(),
        label="Into",
        empty_label="Choose an organization",
        error_messages={"required": "Choose the organization."},
    )
    sources = forms.CharField(
        label="Payloads or ids",
        max_length=50_000,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "class": "mono"}),
        help_text="Paste the payload that the other organization copied, several of them, or a line for each package "
        "with the organization’s id and the package’s id.",
        error_messages={"required": "Paste a payload, or a line with the two ids."},
    )
    field_order = ("organization", "sources", "note")

    def __init__(self, *args: Any, organizations: QuerySet[Organization], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_rows(self, "organization", organizations)


class PublicityForm(_AskingForm):
    """The name typed to be sure, since nobody can take it back."""

    typed_name = forms.CharField(
        label="Name of the package",
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="Type it exactly, to confirm that this package is meant.",
    )
    field_order = ("typed_name", "note")

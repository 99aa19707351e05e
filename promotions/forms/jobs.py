"""The filter of the job list, and what a person says when a job needs a decision."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from accounts import access
from accounts.forms.fields import DayField, offer_choices, offer_rows
from accounts.models import Organization, Sandbox, User
from promotions.choices import ACTIVE, FINISHED, JobState
from promotions.engine import registry
from promotions.queries import JobFilters

GROUPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "active": ("Under way", tuple(ACTIVE)),
    "attention": ("Needs attention", (JobState.NEEDS_ATTENTION,)),
    "finished": ("Over", tuple(FINISHED)),
}
_FIRST = ("state", "kind", "organization")
_SINGLE = tuple(state for state in JobState if state != JobState.NEEDS_ATTENTION)


class JobFilterForm(forms.Form):
    """Every part may be empty."""

    state = forms.ChoiceField(label="State", required=False)
    kind = forms.ChoiceField(label="Kind", required=False)
    organization = forms.ModelChoiceField(
        Organization.objects.none(), label="Organization", required=False, empty_label="All"
    )
    sandbox = forms.ModelChoiceField(Sandbox.objects.none(), label="Sandbox", required=False, empty_label="All")
    origin = forms.ChoiceField(
        label="Started",
        required=False,
        choices=[("", "Anywhere"), ("here", "Here"), ("elsewhere", "Elsewhere")],
    )
    person = forms.ModelChoiceField(User.objects.none(), label="Asked by", required=False, empty_label="Everybody")
    since = DayField(label="From", required=False)
    until = DayField(label="To", required=False)
    routine = forms.BooleanField(label="Routine reads too", required=False)
    package = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)
    promotion = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups = [(name, words) for name, (words, _) in GROUPS.items()]
        singles = [(str(state.value), str(state.label)) for state in _SINGLE]
        offer_choices(self, "state", [("", "Any"), *groups, *singles])
        offer_choices(self, "kind", [("", "Any"), *registry.kinds()])
        offer_rows(self, "organization", access.organizations_for_read(reader))
        sandboxes = access.sandboxes_for_read(reader).select_related("organization")
        offer_rows(self, "sandbox", sandboxes.order_by("organization__name", "name"))
        offer_rows(self, "person", access.people_for_read(reader).order_by("full_name", "email"))

    NARROW = ("kind", "sandbox", "person", "package", "promotion")

    def first_fields(self) -> list[forms.BoundField]:
        """What is always in sight."""
        return [self[name] for name in _FIRST]

    def more_fields(self) -> list[forms.BoundField]:
        """What is folded away unless it is set."""
        return [field for field in self.visible_fields() if field.name not in _FIRST]

    def is_more_set(self) -> bool:
        return any(field.value() or field.errors for field in self.more_fields())

    def filters(self) -> JobFilters:
        """The filter in terms of the list; only for a valid form."""
        wanted = self.cleaned_data
        state = wanted["state"]
        return JobFilters(
            states=GROUPS[state][1] if state in GROUPS else (state,) * bool(state),
            kind=wanted["kind"],
            organization_id=_pk(wanted["organization"]),
            sandbox_id=_pk(wanted["sandbox"]),
            requested_by_id=_pk(wanted["person"]),
            package_id=wanted["package"],
            promotion_id=wanted["promotion"],
            is_foreign={"here": False, "elsewhere": True}.get(wanted["origin"]),
            # Asking for a kind is asking for all of it: most kinds are routine only.
            with_routine=wanted["routine"] or bool(wanted["kind"]),
            created_from=_start_of(wanted["since"]),
            created_to=_start_of(wanted["until"] + timedelta(days=1)) if wanted["until"] else None,
        )


def _pk(row: Any) -> int | None:
    return None if row is None else row.pk


def _start_of(day: date | None) -> datetime | None:
    return None if day is None else timezone.make_aware(datetime.combine(day, time.min))


def _reason_field() -> forms.CharField:
    return forms.CharField(
        label="Reason",
        max_length=500,
        help_text="It goes into the record.",
        error_messages={"required": "Say why; it goes into the record."},
    )


class AdoptForm(forms.Form):
    """Which remote job is ours: one of the candidates, or an id copied from the platform."""

    prefix = "adopt"

    candidate = forms.ChoiceField(label="Jobs at the platform that fit", required=False, widget=forms.RadioSelect)
    remote_id = forms.CharField(
        label="Remote job id",
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="Copy it from the job list of the platform.",
    )
    reason = _reason_field()

    def __init__(self, *args: Any, candidates: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if candidates:
            offer_choices(self, "candidate", [*candidates, ("", "Another one, with the id below")])
        else:
            del self.fields["candidate"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        pasted, chosen = cleaned.get("remote_id", ""), cleaned.get("candidate", "")
        if pasted and chosen and pasted != chosen:
            raise forms.ValidationError("Choose one of the jobs or enter an id, not both.")
        if not pasted and not chosen and "remote_id" not in self.errors:
            self.add_error("remote_id", "Say which remote job it is.")
        cleaned["remote_id"] = pasted or chosen
        return cleaned


class RetryForm(forms.Form):
    """Sending again, by somebody who has looked."""

    prefix = "retry"

    is_checked = forms.BooleanField(
        label="I looked at the platform and it is not there",
        error_messages={"required": "Look at the job list of the platform first: sending twice does it twice."},
    )
    reason = _reason_field()


class CloseForm(forms.Form):
    """Ending a job whose outcome stays unknown."""

    prefix = "close"

    reason = _reason_field()

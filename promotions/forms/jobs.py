"""The filter of the job list, and what a person says when a job needs a decision."""

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.utils import timezone
from django.utils.formats import date_format

from accounts import access
from accounts.forms.fields import DayField, offer_choices, offer_rows
from accounts.forms.filters import FilterForm, start_of
from accounts.models import Organization, Sandbox, User
from promotions.choices import ACTIVE, FINISHED, JobState, label
from promotions.engine import registry
from promotions.queries import JobFilters

GROUPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "active": ("Under way", tuple(ACTIVE)),
    "attention": ("Needs attention", (JobState.NEEDS_ATTENTION,)),
    "finished": ("Over", tuple(FINISHED)),
}
WHENS: dict[str, tuple[str, timedelta | None]] = {
    "today": ("Today", None),
    "7d": ("Last 7 days", timedelta(days=7)),
    "30d": ("Last 30 days", timedelta(days=30)),
}
ME = "me"


if TYPE_CHECKING:
    _PersonChoice = forms.ModelChoiceField[User]
else:
    _PersonChoice = forms.ModelChoiceField


class PersonField(_PersonChoice):
    """Somebody, or whoever reads: a view by the name of "mine" is then everybody's own."""

    reader: User | None = None

    def to_python(self, value: Any) -> Any:
        return self.reader if value == ME else super().to_python(value)


class JobFilterForm(FilterForm):
    """Every part may be empty; the address holds all of it. States are toggled by links beside the form."""

    first = ("kind", "organization", "sandbox", "person", "when")

    state = forms.MultipleChoiceField(label="State", required=False, widget=forms.MultipleHiddenInput)
    kind = forms.ChoiceField(label="Kind", required=False)
    organization = forms.ModelChoiceField(
        Organization.objects.none(), label="Organization", required=False, empty_label="All"
    )
    sandbox = forms.ModelChoiceField(Sandbox.objects.none(), label="Target sandbox", required=False, empty_label="All")
    person = PersonField(User.objects.none(), label="Asked by", required=False, empty_label="Everybody")
    when = forms.ChoiceField(
        label="Time", required=False, choices=[("", "Any"), *((name, words) for name, (words, _) in WHENS.items())]
    )
    origin = forms.ChoiceField(
        label="Started",
        required=False,
        choices=[("", "Anywhere"), ("here", "Here"), ("elsewhere", "Elsewhere")],
    )
    since = DayField(label="From", required=False)
    until = DayField(label="To", required=False)
    routine = forms.BooleanField(label="Routine reads too", required=False)
    package = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)
    promotion = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups = [(name, words) for name, (words, _) in GROUPS.items()]
        offer_choices(self, "state", [*groups, *((str(state.value), str(state.label)) for state in JobState)])
        offer_choices(self, "kind", [("", "Any"), *registry.kinds()])
        offer_rows(self, "organization", access.organizations_for_read(reader))
        sandboxes = access.sandboxes_for_read(reader).select_related("organization")
        offer_rows(self, "sandbox", sandboxes.order_by("organization__name", "name"))
        offer_rows(self, "person", access.people_for_read(reader).order_by("full_name", "email"))
        person = cast(PersonField, self.fields["person"])
        person.reader = reader
        person.widget.choices = [("", "Everybody"), (ME, "Me"), *list(person.widget.choices)[1:]]

    def words_for(self, name: str) -> str:
        """One part of the filter in words, for its chip."""
        field, value = self.fields[name], self.cleaned_data[name]
        if name == "state":
            return "State: " + " or ".join(label(JobState, state).lower() for state in self.states())
        if isinstance(field, forms.BooleanField):
            return str(field.label)
        if name in ("package", "promotion"):
            return f"{name.capitalize()} {value}"
        if isinstance(value, date):
            return f"{field.label} {date_format(value, 'j M Y')}"
        if isinstance(field, forms.ChoiceField) and not isinstance(field, forms.ModelChoiceField):
            return f"{field.label}: {dict(cast(Any, field.choices))[value]}"
        return f"{field.label}: {value}"

    def states(self, *, without: str = "") -> tuple[str, ...]:
        """The chosen states in their order, groups taken apart."""
        chosen = set() if without == "state" else set(self.cleaned_data["state"])
        for name, (_, members) in GROUPS.items():
            if name in chosen:
                chosen.update(members)
        return tuple(state.value for state in JobState if state in chosen)

    def filters(self, *, without: str = "") -> JobFilters:
        """The filter in terms of the list, one part left out if it is named; only for a valid form."""
        wanted = {name: None if name == without else value for name, value in self.cleaned_data.items()}
        since, until = wanted["since"], wanted["until"]
        moments = [moment for moment in (since and start_of(since), _begin_of(wanted["when"])) if moment]
        return JobFilters(
            states=self.states(without=without),
            kind=wanted["kind"] or "",
            organization_id=_pk(wanted["organization"]),
            sandbox_id=_pk(wanted["sandbox"]),
            requested_by_id=_pk(wanted["person"]),
            package_id=wanted["package"],
            promotion_id=wanted["promotion"],
            is_foreign={"here": False, "elsewhere": True}.get(wanted["origin"] or ""),
            # Asking for a kind is asking for all of it: most kinds are routine only.
            with_routine=bool(wanted["routine"] or wanted["kind"]),
            created_from=max(moments, default=None),
            created_to=start_of(until + timedelta(days=1)) if until else None,
        )


def _pk(row: Any) -> int | None:
    return None if row is None else row.pk


def _begin_of(when: str | None) -> datetime | None:
    if not when:
        return None
    distance = WHENS[when][1]
    return start_of(timezone.localdate()) if distance is None else timezone.now() - distance


class ViewNameForm(forms.Form):
    """The name of a saved view."""

    prefix = "view"

    name = forms.CharField(
        label="Name", max_length=60, widget=forms.TextInput(attrs={"autocomplete": "off", "size": 24})
    )


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

    def __init__(
        self,
        *args: Any,
        candidates: list[tuple[str, str]],
        noun: str = "job",
        is_listed: bool = True,
        naming: registry.Naming | None = None,
        **kwargs: Any,
    ) -> None:
        """`noun` is what the platform makes of the write, `is_listed` says that it lists them, `naming` how else."""
        super().__init__(*args, **kwargs)
        self._noun = noun
        field = self.fields["remote_id"]
        field.label = f"Remote {noun} id"
        if naming is not None:
            self.fields["remote_id"] = forms.CharField(
                label=naming.label,
                help_text=naming.help,
                max_length=naming.limit,
                required=False,
                widget=field.widget,
            )
        elif not is_listed:
            field.help_text = "From the platform, or from whoever else works there."
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
            self.add_error("remote_id", f"Say which remote {self._noun} it is.")
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

"""What is imported, where it goes, and by which rule."""

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.db.models import QuerySet

from accounts.forms.fields import offer_rows
from accounts.models import Organization
from promotions.api_choices import DuplicateRule
from promotions.models import ApiVersion, Archive
from promotions.services.api_versions import NAME_LIMIT
from promotions.systems.snaplogic.asset_types import OVERWRITABLE, POLICY

UPLOAD, KEPT, VERSION = "upload", "kept", "version"
ORIGINS = [
    (UPLOAD, "Upload a zip that SnapLogic exported"),
    (KEPT, "A zip that is kept here"),
    (VERSION, "A version, exported first"),
]
CONSEQUENCES = {
    DuplicateRule.SKIP: "Assets of the same name stay as they are, and the platform reports each as a conflict (409).",
    DuplicateRule.CREATE_NEW: "If the version is there, another one is made beside it, under a numbered name that the "
    "platform decides. Every run makes one more.",
    DuplicateRule.OVERWRITE: "Assets of the same name are replaced if their type is ticked; what they were is not kept "
    "anywhere. All others stay.",
}
# A policy is overwritten whether it is ticked or not.
TYPES = [(word, "Job (task)" if word == "Job" else word) for word in OVERWRITABLE if word != POLICY]
FILES_LIMIT = 200
_AS_SHOWN = ("file", "archive", "source", "target", "api", "version", "types")


class RuleForm(forms.Form):
    """What happens to what the target has already."""

    rule = forms.ChoiceField(
        label="If the version is there already",
        choices=[(rule.value, rule.label) for rule in DuplicateRule],
        initial=DuplicateRule.SKIP,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose a rule.", "invalid_choice": "Choose one of the three rules."},
    )
    types = forms.MultipleChoiceField(
        label="Types to overwrite",
        choices=TYPES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "%(value)s cannot be overwritten."},
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("rule") != DuplicateRule.OVERWRITE:
            cleaned["types"] = []  # ticked, and then another rule was chosen
        elif not cleaned.get("types") and "types" not in self.errors:
            self.add_error("types", "Choose at least one type to overwrite, or another rule.")
        return cleaned

    @property
    def rules(self) -> list[tuple[str, str, str, bool]]:
        """Value, words and consequence of each rule, and whether it is chosen."""
        chosen = self["rule"].value()
        return [(rule.value, str(rule.label), CONSEQUENCES[rule], rule.value == chosen) for rule in DuplicateRule]

    @property
    def asked_rule(self) -> DuplicateRule:
        return DuplicateRule(self.cleaned_data["rule"])


class ImportForm(RuleForm):
    """The source by one of three ways, and the target as the platform writes it."""

    origin = forms.ChoiceField(
        label="What to import",
        choices=ORIGINS,
        initial=UPLOAD,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose where the zip comes from."},
    )
    file = forms.FileField(
        label="Zip file",
        required=False,
        allow_empty_file=True,  # an archive says better what is wrong with it
        widget=forms.FileInput(attrs={"accept": ".zip,application/zip"}),
    )
    archive = forms.ModelChoiceField(
        Archive.objects.none(),
        label="Kept zip",
        required=False,
        empty_label="Choose a zip",
        error_messages={"invalid_choice": "That zip is not kept here any more. Choose one of the list, or upload it."},
    )
    source = forms.ModelChoiceField(
        ApiVersion.objects.none(),
        label="Version",
        required=False,
        empty_label="Choose a version",
        error_messages={"invalid_choice": "That version is not known here any more. Choose one of the list."},
    )
    target = forms.ModelChoiceField(
        Organization.objects.none(),
        label="Target environment",
        empty_label="Choose an environment",
        error_messages={"required": "Choose the environment to import into."},
    )
    api = forms.CharField(
        label="API",
        required=False,
        strip=False,
        help_text="Exactly as the platform writes it: upper and lower case matter. Left empty: as the source calls it.",
        max_length=NAME_LIMIT,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}),
    )
    version = forms.CharField(
        label="Version",
        required=False,
        strip=False,
        help_text="Left empty: as the source calls it. One that is not there yet is made, unpublished.",
        max_length=NAME_LIMIT,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}),
    )

    def __init__(
        self,
        *args: Any,
        archives: QuerySet[Archive],
        sources: QuerySet[ApiVersion],
        targets: QuerySet[Organization],
        skipped: str = "",
        **kwargs: Any,
    ) -> None:
        """`skipped` says why a file that was sent is not there."""
        super().__init__(*args, **kwargs)
        self._skipped = skipped
        offer_rows(self, "archive", archives)
        offer_rows(self, "source", sources)
        offer_rows(self, "target", targets)
        cast(Any, self.fields["archive"]).label_from_instance = _archive_words
        cast(Any, self.fields["source"]).label_from_instance = _version_words

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        ways = {UPLOAD: "file", KEPT: "archive", VERSION: "source"}
        asked = ways.get(cleaned.get("origin", ""))
        for name in {*ways.values()} - {asked}:
            cleaned[name] = None  # chosen, and then another way was
            self.errors.pop(name, None)
        words = {
            "file": self._skipped or "Choose the zip to upload.",
            "archive": "Choose one of the kept zips.",
            "source": "Choose the version to export.",
        }
        if asked and not cleaned.get(asked) and asked not in self.errors:
            self.add_error(asked, words[asked])
        if asked != "file" and not self.errors:
            self._name_as_source(cleaned)
        return cleaned

    def _name_as_source(self, cleaned: dict[str, Any]) -> None:
        for name, told in zip(("api", "version"), told_names(cleaned["source"], cleaned["archive"]), strict=True):
            cleaned[name] = cleaned[name] or told
            if not cleaned[name]:
                self.add_error(name, f"The zip does not tell the name of the {self.fields[name].label}. Type it.")

    def focus_what_is_amiss(self) -> None:
        """Lead to the first field with an error, as the page shows them."""
        amiss = next((name for name in _AS_SHOWN if self.has_error(name)), None)
        if amiss is not None:
            self.fields[amiss].widget.attrs["autofocus"] = True

    @property
    def origins(self) -> list[tuple[str, str, bool]]:
        chosen = self["origin"].value()
        return [(value, words, value == chosen) for value, words in ORIGINS]


def told_names(source: ApiVersion | None, archive: Archive | None) -> tuple[str, str]:
    """API and version as the source calls them; empty where it does not tell."""
    if source is not None:
        return source.api, source.version
    parts = archive.version_path.split("/") if archive is not None else []
    return (parts[2], parts[3]) if len(parts) == 4 else ("", "")


def _archive_words(archive: Archive) -> str:
    told = f", {archive.version_path}" if archive.version_path else ""
    return f"{archive.name}{told}, {archive.organization}, {archive.created_at:%Y-%m-%d %H:%M} UTC"


def _version_words(row: ApiVersion) -> str:
    return f"{row.organization} · {row}"


class _FilesInput(forms.FileInput):
    allow_multiple_selected = True


class _FilesField(forms.FileField):
    """One file or several, as a list."""

    widget = _FilesInput

    def clean(self, data: Any, initial: Any = None) -> Any:
        sent: Sequence[Any] = data if isinstance(data, list | tuple) else [data]
        if len(sent) > FILES_LIMIT:
            raise forms.ValidationError(f"Send at most {FILES_LIMIT} files at once, or a zip of them.")
        return [super(_FilesField, self).clean(one, initial) for one in sent or [None]]


class ExpressionsForm(forms.Form):
    """Files that go along, as a zip or one by one."""

    expressions = _FilesField(
        label="Expression files",
        help_text="A zip, or files that end in .expr.",
        widget=_FilesInput(attrs={"accept": ".expr,.zip,application/zip"}),
        allow_empty_file=True,
        error_messages={"required": "Choose the files first."},
    )

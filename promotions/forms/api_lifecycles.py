"""What goes along with a change of the life of API versions; a form for each act."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from promotions.api_choices import LifecycleAct
from promotions.services.api_lifecycles import MESSAGE_LIMIT, SPEC_LIMIT

FILE_LIMIT = 4 * SPEC_LIMIT  # no character of UTF-8 has more bytes
_FORMATS = {".json": False, ".yaml": True, ".yml": True}


class LifecycleForm(forms.Form):
    """The platform is told nothing besides; unpublishing is so."""

    @property
    def told(self) -> dict[str, Any]:
        """Fields of an `Act`; only for a valid form."""
        return {}


class PublishForm(LifecycleForm):
    contact_email = forms.EmailField(
        label="Contact",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text="The mail address that those who use the API are shown.",
    )
    spec = forms.CharField(
        label="OpenAPI document",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "class": "mono"}),
        help_text="A version is published with it. Paste it, as JSON or YAML, or choose its file below.",
    )
    file = forms.FileField(
        label="Or its file",
        required=False,
        widget=forms.ClearableFileInput(attrs={"accept": ".json,.yaml,.yml"}),
    )
    format = forms.ChoiceField(
        label="Format",
        required=False,
        choices=[("", "Find out"), ("json", "JSON"), ("yaml", "YAML")],
        help_text="The platform is told which one it is: found out by the file's name, else by how the text begins.",
    )
    allow_subscriptions = forms.BooleanField(
        label="Allow subscriptions", required=False, help_text="Developers may then ask to use it."
    )
    auto_approve = forms.BooleanField(
        label="Approve subscriptions automatically",
        required=False,
        help_text="Nobody is asked. It matters only where subscriptions are allowed.",
    )

    def clean_file(self) -> str:
        uploaded = self.cleaned_data["file"]
        if uploaded is None:
            return ""
        if uploaded.size > FILE_LIMIT:
            raise ValidationError(f"The specification is longer than {SPEC_LIMIT:,} characters.")
        try:
            text: str = uploaded.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise ValidationError("The file is no text in UTF-8. Save it as JSON or YAML.") from None
        if "\0" in text:
            raise ValidationError("The file holds null characters: it is no text. Choose JSON or YAML.")
        return text

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("spec", "").strip() and cleaned.get("file"):
            self.add_error("file", "Paste the document or choose its file, not both.")
        return cleaned

    @property
    def told(self) -> dict[str, Any]:
        said = self.cleaned_data
        spec = said["file"] or said["spec"]
        return {
            "contact_email": said["contact_email"],
            "allow_subscriptions": said["allow_subscriptions"],
            "auto_approve": said["auto_approve"],
            "spec": spec,
            "is_yaml": self._is_yaml(spec),
        }

    def _is_yaml(self, spec: str) -> bool:
        if said := self.cleaned_data["format"]:
            return bool(said == "yaml")
        uploaded = self.files.get("file")
        ending = "." + uploaded.name.rpartition(".")[2].lower() if uploaded is not None and uploaded.name else ""
        return _FORMATS.get(ending, not spec.lstrip().startswith("{"))


class DeprecateForm(LifecycleForm):
    message = forms.CharField(
        label="Message",
        required=False,
        max_length=MESSAGE_LIMIT,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="What those who use it are told: what replaces it, and until when it works.",
    )

    @property
    def told(self) -> dict[str, Any]:
        return {"message": self.cleaned_data["message"]}


class RetireForm(LifecycleForm):
    is_known_final = forms.BooleanField(
        label="I know that this is final",
        error_messages={"required": "A retired version stays so for good. Tick this if that is what you want."},
    )


FORMS: Mapping[LifecycleAct, type[LifecycleForm]] = {
    LifecycleAct.PUBLISH: PublishForm,
    LifecycleAct.UNPUBLISH: LifecycleForm,
    LifecycleAct.DEPRECATE: DeprecateForm,
    LifecycleAct.RETIRE: RetireForm,
}

"""Ids from files, on the page and on the command line."""

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from accounts.models import Organization, Sandbox, User
from promotions.forms.decisioning import MigrationForm
from promotions.ids_text import first_column
from promotions.models import Promotion
from tests.factories import SandboxFactory

EXPORTED = '\ufeff"Offer ID";"Name"\r\n"xcore:1";"Gift, ""wrap"";\r\nand more"\r\n"xcore:2";""\r\n'


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("a\nb\n\n c \n", ["a", "b", "c"]),
        ("id,name\na,Winter\nb;Summer\n", ["a", "b"]),
        ('"decisionId"\t"name"\n"a"\t"Say ""x"", or y"\n', ["a"]),
        ('a, "x;\ny"\nids,z\n', ["a", "ids"]),
        ("offer_id", []),
        ("", []),
    ],
)
def test_the_first_column_is_read_without_quotes_and_header(text: str, ids: list[str]) -> None:
    assert first_column(text) == ids


def test_quotes_that_do_not_close_are_refused_with_their_line() -> None:
    with pytest.raises(ValueError, match="Line 3 is no CSV"):
        first_column('a,x\nb,"y\nc,z\n')


def form_with(content: str, dev: Sandbox) -> MigrationForm:
    data = {"source": dev.pk, "target": dev.pk, "level": "offer", "hours": 24}
    return MigrationForm(data, {"file": SimpleUploadedFile("ids.csv", content.encode())}, sandboxes=[dev])


@pytest.mark.django_db
def test_page_and_command_read_the_same_file_alike(organization: Organization, teammate: User, tmp_path: Path) -> None:
    dev = SandboxFactory(organization=organization, name="dev")
    SandboxFactory(organization=organization, name="stage")
    path = tmp_path / "ids.csv"
    path.write_bytes(EXPORTED.encode())

    form = form_with(EXPORTED, dev)
    with pytest.raises(CommandError):  # the analysis cannot be made
        migrate(path, teammate, organization)

    assert form.is_valid(), form.errors
    assert list(form.pick.ids) == ["xcore:1", "xcore:2"]
    assert Promotion.objects.get().pick["ids"] == ["xcore:1", "xcore:2"]


@pytest.mark.django_db
def test_page_and_command_refuse_a_file_with_an_open_quote(
    organization: Organization, teammate: User, tmp_path: Path
) -> None:
    dev = SandboxFactory(organization=organization, name="dev")
    SandboxFactory(organization=organization, name="stage")
    path = tmp_path / "ids.csv"
    path.write_text('a\n"b\n')

    form = form_with(path.read_text(), dev)
    with pytest.raises(CommandError, match="Line 2 is no CSV"):
        migrate(path, teammate, organization)

    assert "Line 2 is no CSV" in form.errors["file"][0]
    assert not Promotion.objects.exists()


def migrate(path: Path, person: User, organization: Organization) -> None:
    call_command(
        "migrate_decisioning", "dev", "stage", "--organization", organization.name, "--as", person.email,
        "--level", "offer", "--ids", str(path), "--run-here",
    )  # fmt: skip

"""Commands for whoever runs the installation."""

import io

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command

from accounts.models import Organization
from accounts.services import audit, first_run
from accounts.services.audit import SubjectText, Verb
from tests.conftest import lift_audit_protection, restore_audit_protection
from tests.factories import PASSWORD, CredentialFactory, UserFactory

pytestmark = pytest.mark.django_db


def run(name, *arguments, **options):
    out, err = io.StringIO(), io.StringIO()
    code: object = 0
    try:
        call_command(name, *arguments, stdout=out, stderr=err, **options)
    except SystemExit as exc:
        code = exc.code
    return code, out.getvalue(), err.getvalue()


@pytest.fixture
def lines():
    return [
        audit.record(Verb.CREDENTIAL_TESTED, actor=None, subject=SubjectText("thing", str(n), "Thing"))
        for n in range(3)
    ]


def test_verification_prints_the_head_alone_so_that_it_can_be_kept(lines):
    code, out, _ = run("verify_audit")

    assert (code, out) == (0, f"3:{lines[2].digest}\n")


def test_a_printed_head_can_be_handed_back(lines):
    _, head, _ = run("verify_audit")

    code, _, _ = run("verify_audit", expected_head=head)

    assert code == 0


def test_verification_ends_with_1_and_names_the_row(lines):
    lift_audit_protection()
    lines[1].reason = "forged"
    lines[1].save()
    restore_audit_protection()

    code, _, err = run("verify_audit")

    assert code == 1
    assert "Row 2 does not fit its digest" in err


def test_a_head_from_elsewhere_ends_with_1(lines):
    code, _, err = run("verify_audit", expected_head=f"9:{'0' * 64}")

    assert code == 1
    assert "before the expected head 9" in err


def test_a_head_in_another_form_is_refused(lines):
    with pytest.raises(CommandError, match="SEQUENCE:DIGEST"):
        run("verify_audit", expected_head="nonsense")


def test_the_set_up_code_is_printed_alone():
    _, out, _ = run("setup_code")

    user = first_run.set_up(code=out, email="ada@example.com", full_name="Ada", password=PASSWORD, time_zone="UTC")

    assert user.is_superuser


def test_no_set_up_code_is_printed_once_anybody_exists():
    UserFactory()

    with pytest.raises(CommandError, match="set up already"):
        run("setup_code")


NEW_ORGANIZATION = {"name": "Acme", "remote_id": "0123456789ABCDEF01234567@AdobeOrg"}


def test_an_organization_is_added_with_the_url_of_a_further_service():
    own = "https://platform.adobe.io/journey/orchestration"

    call_command("add_organization", **NEW_ORGANIZATION, service_url=[f"journeys={own}"])

    assert Organization.objects.get().service_url("journeys") == own


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("journeys", "no service with its URL"),
        ("journeys=", "no service"),
        ("trips=https://a.adobe.io", "no service trips"),
    ],
)
def test_a_further_service_that_cannot_be_is_refused_with_a_sentence(text, reason):
    with pytest.raises(CommandError, match=reason):
        call_command("add_organization", **NEW_ORGANIZATION, service_url=[text])

    assert not Organization.objects.exists()


def test_key_rotation_reports_what_it_did(settings):
    CredentialFactory.create_batch(2)
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode(), *settings.CREDENTIAL_KEYS]

    code, out, err = run("rotate_credential_keys")

    assert (code, out) == (0, "2 values are encrypted under the newest key.\n")
    assert "2 of 2" in err


def test_key_rotation_ends_with_1_if_a_value_fits_no_key(settings):
    lost = CredentialFactory()
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]

    code, _, err = run("rotate_credential_keys")

    assert code == 1
    assert str(lost) in err

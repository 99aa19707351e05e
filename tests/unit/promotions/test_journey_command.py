"""What keeps `promote_journey` from planning anything."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command, load_command_class

from accounts.choices import Role
from accounts.models import Organization, User
from promotions.management.promoting import EXIT_CODES
from promotions.models import Journey, Promotion
from tests.factories import MembershipFactory, SandboxFactory, UserFactory
from tests.factories_journeys import JourneyFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def journey(organization: Organization, teammate: User) -> Journey:
    SandboxFactory(organization=organization, name="stage")
    MembershipFactory(organization=organization, user=UserFactory(email="viewer@example.com"), role=Role.VIEWER)
    found: Journey = JourneyFactory(
        sandbox__organization=organization, sandbox__name="dev", name="Welcome", uid="w-1", latest_version="1.0"
    )
    return found


def promote(
    *more: str, journey: str = "Welcome", target: str = "stage", email: str = "teammate@example.com"
) -> tuple[int, str]:
    with pytest.raises(CommandError) as caught:
        call_command("promote_journey", journey, target, "--as", email, *more, stdout=StringIO())
    return caught.value.returncode, str(caught.value)


@pytest.mark.parametrize(
    ("named", "complaint"),
    [
        ({"journey": "welcome"}, "No journey “welcome” is known in Acme. Names must match exactly"),
        ({"target": "staging"}, "Acme has no sandbox “staging”. Known: dev, stage."),
        ({"target": "Globex/stage"}, "There is no organization “Globex”. Known: Acme."),
        ({"email": "nobody@example.com"}, "There is no active person nobody@example.com."),
        ({"email": "viewer@example.com"}, "This needs the role operator in Acme."),
    ],
)
def test_what_cannot_start_says_why_and_leaves_nothing_behind(
    journey: Journey, named: dict[str, str], complaint: str
) -> None:
    code, said = promote(**named)

    assert (code, complaint in said) == (1, True), said
    assert not Promotion.objects.exists()


def test_a_version_that_is_not_there_is_refused(journey: Journey) -> None:
    code, said = promote("--version", "2.0")

    assert code == 1
    assert "“Welcome” has no version 2.0." in said


def test_a_name_that_several_journeys_have_is_answered_with_their_places(journey: Journey) -> None:
    other = JourneyFactory(sandbox__organization=journey.organization, sandbox__name="qa", name="Welcome", uid="w-2")

    code, said = promote()
    _, narrowed = promote("--source-sandbox", "qa", "--version", "9")

    assert code == 1
    assert f"  w-1  {journey.organization}/dev" in said
    assert f"  w-2  {other.organization}/qa" in said
    assert "has no version 9" in narrowed


@pytest.mark.parametrize("option", ["--secret", "--stored"])
@pytest.mark.parametrize("said", ["the-Secret-itself", "=the-Secret-itself", "the-Secret-itself="])
def test_an_option_of_another_form_is_wrong_usage_and_not_repeated(journey: Journey, option: str, said: str) -> None:
    code, complaint = promote(option, said)

    assert (code, "the-Secret-itself" in complaint) == (2, False)
    assert not Promotion.objects.exists()


def test_a_secret_that_the_environment_does_not_hold_is_wrong_usage_and_not_repeated(journey: Journey) -> None:
    code, complaint = promote("--secret", "password=with=the-Secret-itself")

    assert (code, "the-Secret-itself" in complaint) == (2, False)
    assert "“password”" in complaint


def test_the_help_documents_the_exit_codes_and_the_names(capsys: pytest.CaptureFixture[str]) -> None:
    load_command_class("promotions", "promote_journey").print_help("manage.py", "promote_journey")

    said = capsys.readouterr().out
    assert EXIT_CODES in said
    assert '"stored": "SMS key"' in said

"""The first administrator: asked for a code, made once, and never again."""

import pytest

from accounts.errors import FirstRunClosedError, RefusedError
from accounts.models import AuditEvent, SetupCode, User
from accounts.services import audit, first_run
from tests.factories import PASSWORD, UserFactory
from tests.unit.accounts.races import at_once

pytestmark = pytest.mark.django_db


def printed_code() -> str:
    code = first_run.issue_code()
    assert code is not None
    return code


def set_up(code, email="ada@example.com"):
    return first_run.set_up(
        code=code, email=email, full_name="Ada Lovelace", password=PASSWORD, time_zone="Europe/Berlin"
    )


def test_the_code_makes_its_reader_the_first_administrator():
    code = first_run.issue_code()

    user = set_up(code)

    assert user.is_superuser
    assert user.check_password(PASSWORD)
    assert user.time_zone == "Europe/Berlin"
    assert AuditEvent.objects.get().verb == audit.Verb.FIRST_ADMINISTRATOR_CREATED
    assert not first_run.is_open()


def test_a_code_may_be_typed_in_small_letters_and_without_its_hyphens():
    code = printed_code()

    user = set_up(f" {code.lower().replace('-', '')} ")

    assert user.is_superuser


def test_only_a_hash_of_the_code_is_kept():
    code = printed_code()

    kept = SetupCode.objects.get().code_hash

    assert code not in kept
    assert len(kept) == 64


@pytest.mark.parametrize("code", ["", "AAAA-AAAA-AAAA-AAAA", "----"])
def test_a_wrong_code_is_refused_and_the_right_one_stays_good(code):
    right = first_run.issue_code()

    with pytest.raises(RefusedError, match="not the code that was printed last") as refusal:
        set_up(code)

    assert refusal.value.field == "code"
    assert not User.objects.exists()
    assert set_up(right).is_superuser


def test_without_a_code_nobody_is_set_up():
    with pytest.raises(RefusedError, match="not the code"):
        set_up("")

    assert not User.objects.exists()


def test_a_new_code_replaces_the_one_before():
    first, second = first_run.issue_code(), first_run.issue_code()

    with pytest.raises(RefusedError, match="not the code"):
        set_up(first)

    assert set_up(second).is_superuser


def test_a_used_code_is_worthless():
    code = first_run.issue_code()
    set_up(code)

    with pytest.raises(FirstRunClosedError, match="set up already"):
        set_up(code, email="mallory@example.com")

    assert User.objects.count() == 1


def test_no_code_is_issued_once_anybody_exists():
    first_run.issue_code()
    UserFactory(is_active=False)

    code = first_run.issue_code()

    assert code is None
    assert not SetupCode.objects.exists()


def test_a_code_from_before_is_worthless_once_anybody_exists():
    code = first_run.issue_code()
    UserFactory()

    with pytest.raises(FirstRunClosedError):
        set_up(code)

    assert not User.objects.filter(is_superuser=True).exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_with_the_right_code_one_wins():
    code = first_run.issue_code()

    results = at_once(*(lambda n=n: set_up(code, email=f"ada{n}@example.com") for n in range(2)))

    assert {type(result) for result in results} == {User, FirstRunClosedError}
    assert User.objects.count() == 1
    assert audit.verify().is_intact

"""The rules of second factors: codes, what they let in, and what the record says."""

import time
from functools import partial
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from cryptography.fernet import Fernet
from django.core.exceptions import PermissionDenied
from django.db import connection

from accounts import crypto
from accounts.errors import RefusedError
from accounts.models import AuditEvent, User
from accounts.services import api_tokens, rotation, second_factor
from accounts.services.audit import verify
from config.sign_in import SecondFactor
from tests.factories import ApiTokenFactory, UserFactory
from tests.unit.accounts.races import at_once

pytestmark = pytest.mark.django_db

NOW = 1_800_000_015
STEP = 30


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that codes go by; the test moves it."""
    now = [float(NOW)]
    monkeypatch.setattr(time, "time", lambda: now[0])
    return now


def code_at(secret: str, at: float) -> str:
    """What an authenticator app shows (RFC 6238)."""
    return str(format_hotp_value(hotp_value(secret, int(at) // STEP)))


def enrolled(user: User, *, at: float = NOW) -> tuple[str, list[str]]:
    secret = second_factor.new_secret()
    return secret, second_factor.enrol(user=user, secret=secret, code=code_at(secret, at), actor=user)


def test_codes_are_those_of_the_standard() -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # RFC 6238, appendix B: "12345678901234567890"

    shown = [code_at(secret, at) for at in (59, 1111111109, 20000000000)]

    assert shown == ["287082", "081804", "353130"]


def test_enrolment_keeps_nothing_in_the_clear_and_is_recorded(clock: list[float]) -> None:
    user = UserFactory()

    secret, codes = enrolled(user)

    with connection.cursor() as cursor:
        cursor.execute("SELECT data FROM mfa_authenticator")
        stored = str(cursor.fetchall())
    assert secret not in stored
    assert not [code for code in codes if code in stored]
    assert len(set(codes)) == 10
    line = AuditEvent.objects.get()
    assert (line.verb, line.actor_id, line.subject_id) == ("people.second_factor_added", user.pk, str(user.pk))
    assert secret not in str(line.details)
    assert verify().is_intact


def test_enrolment_ends_the_sessions_that_came_in_without_a_code(clock: list[float]) -> None:
    user = UserFactory()
    before = user.get_session_auth_hash()

    enrolled(user)

    assert User.objects.get(pk=user.pk).get_session_auth_hash() == user.get_session_auth_hash() != before


def test_a_wrong_code_sets_nothing_up(clock: list[float]) -> None:
    user = UserFactory()

    with pytest.raises(RefusedError, match="This code is not right"):
        second_factor.enrol(user=user, secret=second_factor.new_secret(), code="000000", actor=user)

    assert not second_factor.is_on(user)
    assert not AuditEvent.objects.exists()


def test_a_second_device_needs_the_first_one_removed(clock: list[float]) -> None:
    user = UserFactory()
    enrolled(user)

    with pytest.raises(RefusedError, match="set up already"):
        enrolled(user)


def test_nobody_sets_up_the_factor_of_somebody_else(clock: list[float]) -> None:
    user, other = UserFactory(), UserFactory(administrator=True)
    enrolled(user)

    for act in (second_factor.make_recovery_codes, second_factor.remove):
        with pytest.raises(PermissionDenied):
            act(user=user, actor=other)

    assert second_factor.is_on(user)


def test_the_code_of_the_enrolment_opens_nothing_again(clock: list[float]) -> None:
    user = UserFactory()
    secret, _ = enrolled(user)

    assert second_factor.use_code(user=user, code=code_at(secret, NOW)) is None


def test_a_code_is_good_once_even_if_the_cache_forgets(clock: list[float]) -> None:
    user = UserFactory()
    secret, _ = enrolled(user)
    clock[0] += STEP
    code = code_at(secret, clock[0])

    answers = [second_factor.use_code(user=user, code=code) for _ in range(2)]

    assert answers[0] is not None
    assert answers[1] is None


@pytest.mark.django_db(transaction=True)
def test_of_two_browsers_with_one_code_one_gets_in(clock: list[float]) -> None:
    user = UserFactory()
    secret, codes = enrolled(user)
    clock[0] += STEP

    for code in (code_at(secret, clock[0]), codes[0]):
        use = partial(second_factor.use_code, user=user, code=code)
        found = at_once(use, use, use)

        assert [isinstance(one, Authenticator) for one in found].count(True) == 1
        assert found.count(None) == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_enrolments_at_once_one_holds(clock: list[float]) -> None:
    user = UserFactory()

    found = at_once(*(partial(enrolled, User.objects.get(pk=user.pk)) for _ in range(3)))

    assert sum(isinstance(one, RefusedError) for one in found) == 2
    assert Authenticator.objects.filter(user=user).count() == 2


def test_an_older_code_is_not_good_after_a_newer_one(clock: list[float]) -> None:
    user = UserFactory()
    secret, _ = enrolled(user)
    clock[0] += 3 * STEP
    older, newer = code_at(secret, clock[0] - STEP), code_at(secret, clock[0])

    answers = [second_factor.use_code(user=user, code=code) is not None for code in (newer, older)]

    assert answers == [True, False]


@pytest.mark.parametrize(("steps", "is_good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_clocks_may_differ_by_one_step(clock: list[float], steps: int, is_good: bool) -> None:
    user = UserFactory()
    secret, _ = enrolled(user)
    clock[0] += 10 * STEP

    found = second_factor.use_code(user=user, code=code_at(secret, clock[0] + steps * STEP))

    assert (found is not None) is is_good


def test_codes_may_be_typed_in_groups(clock: list[float]) -> None:
    user = UserFactory()
    secret, codes = enrolled(user)
    clock[0] += STEP
    code = code_at(secret, clock[0])

    assert second_factor.use_code(user=user, code=f" {code[:3]} {code[3:]} ") is not None
    assert second_factor.use_code(user=user, code=f"{codes[0][:4]}-{codes[0][4:]}") is not None


@pytest.mark.parametrize("code", ["", "12345", "1234567890", "½½½½½½", "١٢٣٤٥٦", "\x00", "<b>"])
def test_odd_input_is_a_wrong_code(clock: list[float], code: str) -> None:
    user = UserFactory()
    enrolled(user)

    assert second_factor.use_code(user=user, code=code) is None


def test_a_recovery_code_works_once_and_counts_down(clock: list[float]) -> None:
    user = UserFactory()
    _, codes = enrolled(user)

    answers = [second_factor.use_code(user=user, code=code) is not None for code in (codes[3], codes[3], codes[4])]

    assert answers == [True, False, True]
    assert second_factor.state_of(user).codes_left == 8


def test_codes_of_somebody_else_open_nothing(clock: list[float]) -> None:
    user, other = UserFactory(), UserFactory()
    secret, codes = enrolled(user)
    enrolled(other)
    clock[0] += STEP

    assert second_factor.use_code(user=other, code=codes[0]) is None
    assert second_factor.use_code(user=other, code=code_at(secret, clock[0])) is None


def test_new_recovery_codes_make_the_old_ones_worthless(clock: list[float]) -> None:
    user = UserFactory()
    _, old = enrolled(user)

    new = second_factor.make_recovery_codes(user=user, actor=user)

    assert not set(old) & set(new)
    assert second_factor.use_code(user=user, code=old[0]) is None
    assert second_factor.use_code(user=user, code=new[0]) is not None
    assert AuditEvent.objects.latest("sequence").verb == "people.recovery_codes_made"


def test_recovery_codes_without_a_device_are_refused() -> None:
    user = UserFactory()

    with pytest.raises(RefusedError, match="Set one up first"):
        second_factor.make_recovery_codes(user=user, actor=user)


def test_removing_forgets_everything_and_is_recorded_once(clock: list[float]) -> None:
    user = UserFactory()
    _, codes = enrolled(user)

    for _ in range(2):
        second_factor.remove(user=user, actor=user)

    assert not Authenticator.objects.exists()
    assert second_factor.use_code(user=user, code=codes[0]) is None
    assert AuditEvent.objects.filter(verb="people.second_factor_removed").count() == 1


# Administrators help


def test_an_administrator_takes_a_lost_factor_away_with_a_reason(clock: list[float]) -> None:
    user, administrator = UserFactory(), UserFactory(administrator=True)
    enrolled(user)
    session = user.get_session_auth_hash()

    second_factor.take_away(user=user, reason="Lost the telephone; called back.", actor=administrator)

    assert not second_factor.is_on(user)
    assert User.objects.get(pk=user.pk).get_session_auth_hash() != session
    line = AuditEvent.objects.latest("sequence")
    assert (line.verb, line.actor_id) == ("people.second_factor_removed", administrator.pk)
    assert (line.subject_id, line.reason) == (str(user.pk), "Lost the telephone; called back.")


def test_taking_away_is_refused_without_right_reason_or_factor_and_of_oneself(clock: list[float]) -> None:
    user, other, administrator = UserFactory(), UserFactory(), UserFactory(administrator=True)
    enrolled(user)
    enrolled(administrator)

    with pytest.raises(PermissionDenied):
        second_factor.take_away(user=user, reason="Because.", actor=other)
    for person, reason, sentence in [
        (user, "  ", "Say why"),
        (other, "Because.", "has no second factor"),
        (administrator, "Because.", "in your profile"),
    ]:
        with pytest.raises(RefusedError, match=sentence):
            second_factor.take_away(user=person, reason=reason, actor=administrator)

    assert second_factor.is_on(user)
    assert second_factor.is_on(administrator)


# Modes


def test_required_refuses_api_tokens_before_enrolment_and_leaves_those_that_exist(
    clock: list[float], settings: Any
) -> None:
    settings.SECOND_FACTOR = SecondFactor.REQUIRED
    user = UserFactory()
    ApiTokenFactory(user=user, text="tow_made-before")

    with pytest.raises(RefusedError, match="A second factor is required here"):
        api_tokens.create_api_token(user=user, name="CI", actor=user)

    assert api_tokens.find_usable("tow_made-before") is not None
    enrolled(user)
    assert api_tokens.create_api_token(user=user, name="CI", actor=user)[0].is_usable


def test_off_asks_for_nothing_and_forgets_nothing(clock: list[float], settings: Any) -> None:
    user = UserFactory()
    enrolled(user)

    settings.SECOND_FACTOR = SecondFactor.OFF
    while_off = second_factor.is_on(user)
    settings.SECOND_FACTOR = SecondFactor.OPTIONAL

    assert (while_off, second_factor.is_on(user)) == (False, True)


# Keys


def test_rotation_reaches_second_factors(clock: list[float], settings: Any) -> None:
    user = UserFactory()
    secret, codes = enrolled(user)
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode(), *settings.CREDENTIAL_KEYS]

    result = rotation.rotate_keys(actor=None)

    settings.CREDENTIAL_KEYS = settings.CREDENTIAL_KEYS[:1]
    clock[0] += STEP
    assert (result.done, result.undecryptable) == (2, ())
    assert second_factor.use_code(user=user, code=code_at(secret, clock[0])) is not None
    assert second_factor.use_code(user=user, code=codes[0]) is not None


def test_a_factor_whose_key_is_lost_opens_nothing_and_is_named_by_the_rotation(
    clock: list[float], settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    user = UserFactory()
    _, codes = enrolled(user)
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]

    found = second_factor.use_code(user=user, code=codes[0])
    result = rotation.rotate_keys(actor=None)

    assert found is None
    assert "cannot be decrypted" in caplog.text
    assert result.undecryptable == tuple(
        f"second factor {pk}" for pk in Authenticator.objects.order_by("pk").values_list("pk", flat=True)
    )


def test_the_row_of_allauth_can_be_read_by_allauth(clock: list[float]) -> None:
    user = UserFactory()
    secret, _ = enrolled(user)

    kept = Authenticator.objects.get(type=Authenticator.Type.TOTP).data["secret"]

    assert crypto.decrypt(kept) == secret

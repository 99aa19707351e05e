"""Second factors in the browser: setting up, signing in, proving oneself again, and the three modes."""

import re
from typing import Any
from urllib.parse import unquote

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.test import Client

from accounts.models import AuditEvent, User
from accounts.services import second_factor
from config.sign_in import SecondFactor
from tests.factories import PASSWORD, InvitationFactory, UserFactory, api_headers

pytestmark = pytest.mark.django_db

SET_UP = "/settings/profile/second-factor/"
CODES = f"{SET_UP}codes/"
REMOVE = f"{SET_UP}remove/"
CHALLENGE = "/accounts/2fa/authenticate/"
AGAIN = "/accounts/reauthenticate/"


def codes_now(secret: str) -> list[str]:
    """The codes that are good by the clock, oldest first."""
    return [format_hotp_value(hotp_value(secret, counter)) for counter in yield_hotp_counters_from_time()]


def enrol(user: User) -> tuple[str, list[str]]:
    """Set up with the code of this moment; the next one, good already, is left to sign in with."""
    secret = second_factor.new_secret()
    return secret, second_factor.enrol(user=user, secret=secret, code=codes_now(secret)[1], actor=user)


def with_password(user: User, *, path: str = "/accounts/login/") -> Client:
    client = Client()
    client.post(path, {"login": user.email, "password": PASSWORD})
    return client


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def secret_on(page: Any) -> str:
    found = re.search(r'data-copy="([A-Z2-7 ]{32,})"', page.content.decode())
    assert found
    return found[1].replace(" ", "")


# Setting up


def test_a_person_sets_up_a_factor_after_signing_in_and_sees_the_codes_once() -> None:
    user = UserFactory()
    client = with_password(user)
    page = client.get(SET_UP)
    secret = secret_on(page)

    answer = client.post(SET_UP, {"code": codes_now(secret)[2]})

    assert answer.status_code == 201
    assert answer["Cache-Control"] == "no-store"
    shown = re.findall(r"<code>(\d{4} \d{4})</code>", answer.content.decode())
    assert len(set(shown)) == 10
    download = re.search(r'href="data:text/plain;charset=utf-8,([^"]+)"', answer.content.decode())
    assert download
    assert all(code in unquote(download[1]) for code in shown)
    assert client.get("/settings/profile/").status_code == 200  # this session goes on
    assert not [code for code in shown if code in client.get("/settings/profile/").content.decode()]
    assert client.get(SET_UP).status_code == 302
    assert secret not in str(dict(client.session))


def test_the_page_holds_a_qr_code_that_the_content_policy_lets_through() -> None:
    client = with_password(UserFactory(email="ada@example.com"))

    page = client.get(SET_UP).content.decode()

    svg = re.search(r"<svg class=\"qr\".*?</svg>", page, re.S)
    assert svg
    assert "style" not in svg[0]
    assert "<script" not in svg[0]
    assert "otpauth://totp/ada%40example.com?secret=" in page.replace("&amp;", "&")


def test_the_secret_on_offer_stays_and_lies_encrypted() -> None:
    client = with_password(UserFactory())

    first, refused, second = client.get(SET_UP), client.post(SET_UP, {"code": "000000"}), client.get(SET_UP)

    assert secret_on(first) == secret_on(refused) == secret_on(second)
    assert refused.status_code == 422
    assert "This code is not right" in refused.content.decode()
    assert secret_on(first) not in str(dict(client.session))


def test_wrong_codes_at_the_set_up_are_throttled() -> None:
    client = with_password(UserFactory())
    secret = secret_on(client.get(SET_UP))
    for _ in range(5):
        client.post(SET_UP, {"code": "000000"})

    answer = client.post(SET_UP, {"code": codes_now(secret)[2]})

    assert answer.status_code == 422


def test_a_session_that_is_not_fresh_proves_itself_first() -> None:
    user = UserFactory()
    client = Client()
    client.force_login(user)

    led = client.get(SET_UP)
    wrong = client.post(f"{AGAIN}?next={SET_UP}", {"password": "wrong"})
    before = client.get(SET_UP).status_code
    right = client.post(f"{AGAIN}?next={SET_UP}", {"password": PASSWORD})

    assert led["Location"] == f"{AGAIN}?next=%2Fsettings%2Fprofile%2Fsecond-factor%2F"
    assert (wrong.status_code, before) == (200, 302)
    assert (right.status_code, right["Location"]) == (302, SET_UP)
    assert client.get(SET_UP).status_code == 200


# Signing in


def test_the_password_alone_lets_nobody_in_and_a_code_does() -> None:
    user = UserFactory()
    secret, _ = enrol(user)
    client = Client()

    first = client.post("/accounts/login/?next=/jobs/", {"login": user.email, "password": PASSWORD})
    between = (is_in(client), client.get("/jobs/").status_code)
    client.post("/accounts/login/?next=/jobs/", {"login": user.email, "password": PASSWORD})
    second = client.post(CHALLENGE, {"code": codes_now(secret)[2]})

    assert (first.status_code, first["Location"]) == (302, CHALLENGE)
    assert between == (False, 302)
    assert (second.status_code, second["Location"]) == (302, "/jobs/")
    assert is_in(client)
    line = AuditEvent.objects.latest("sequence")
    assert line.verb == "people.signed_in"
    assert line.details["by"] == ["a password", "a code of the authenticator app"]


def test_a_code_that_was_used_is_refused_in_another_browser() -> None:
    user = UserFactory()
    secret, _ = enrol(user)
    one, other = with_password(user), with_password(user)
    code = codes_now(secret)[2]
    one.post(CHALLENGE, {"code": code})

    answer = other.post(CHALLENGE, {"code": code})

    assert is_in(one)
    assert not is_in(other)
    assert "was used already" in answer.content.decode()


def test_a_recovery_code_lets_in_once_and_the_record_says_so() -> None:
    user = UserFactory()
    _, codes = enrol(user)
    one, other = with_password(user), with_password(user)

    for client in (one, other):
        client.post(CHALLENGE, {"code": codes[0]})

    assert (is_in(one), is_in(other)) == (True, False)
    line = AuditEvent.objects.latest("sequence")
    assert line.details["by"] == ["a password", "a recovery code"]
    assert line.details["message"] == "With a password and a recovery code."


def test_codes_are_not_guessed_from_many_addresses() -> None:
    user = UserFactory()
    secret, _ = enrol(user)
    for number in range(5):
        client = Client(REMOTE_ADDR=f"192.0.2.{number}")
        client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
        client.post(CHALLENGE, {"code": "000000"})
    last = Client(REMOTE_ADDR="192.0.2.99")
    last.post("/accounts/login/", {"login": user.email, "password": PASSWORD})

    last.post(CHALLENGE, {"code": codes_now(secret)[2]})

    assert not is_in(last)


def test_starting_again_forgets_the_password_step() -> None:
    user = UserFactory()
    secret, _ = enrol(user)
    client = with_password(user)

    client.post("/accounts/logout/")
    answer = client.post(CHALLENGE, {"code": codes_now(secret)[2]})

    assert answer["Location"] == "/accounts/login/"
    assert not is_in(client)


def test_somebody_deactivated_between_the_steps_stays_out() -> None:
    user = UserFactory()
    secret, _ = enrol(user)
    client = with_password(user)
    User.objects.filter(pk=user.pk).update(is_active=False)

    client.post(CHALLENGE, {"code": codes_now(secret)[2]})
    home = client.get("/")

    assert home.status_code == 302
    assert home["Location"].startswith("/accounts/login/")


def test_without_a_step_under_way_the_challenge_leads_to_the_sign_in() -> None:
    UserFactory()

    answer = Client().get(CHALLENGE)

    assert answer["Location"] == "/accounts/login/"


# Changing it


@pytest.mark.parametrize("path", [CODES, REMOVE])
def test_new_codes_and_removal_ask_for_the_password_right_after_signing_in(path: str) -> None:
    user = UserFactory()
    secret, _ = enrol(user)
    client = with_password(user)
    client.post(CHALLENGE, {"code": codes_now(secret)[2]})

    answers = [client.get(path), client.post(path)]
    by_code = client.get("/accounts/2fa/reauthenticate/")

    assert all(answer["Location"].startswith(AGAIN) for answer in answers)
    assert by_code["Location"].startswith(AGAIN)
    assert second_factor.state_of(user).codes_left == 10
    client.post(f"{AGAIN}?next={path}", {"password": PASSWORD})
    assert client.get(path).status_code == 200


def test_removal_lets_the_password_alone_in_again() -> None:
    user = UserFactory()
    secret, _ = enrol(user)
    client = with_password(user)
    client.post(CHALLENGE, {"code": codes_now(secret)[2]})
    client.post(f"{AGAIN}?next={REMOVE}", {"password": PASSWORD})

    answer = client.post(REMOVE)

    assert (answer.status_code, answer["Location"]) == (302, "/settings/profile/")
    assert client.get("/settings/profile/").status_code == 200
    assert is_in(with_password(user))


def test_somebody_without_a_password_proves_themselves_with_a_code() -> None:
    user = UserFactory()
    user.set_unusable_password()
    user.save()
    secret, _ = enrol(user)
    client = Client()
    client.force_login(user)

    led = client.get(CODES)
    client.post(f"/accounts/2fa/reauthenticate/?next={CODES}", {"code": codes_now(secret)[2]})
    answer = client.post(CODES)

    assert led["Location"].startswith("/accounts/2fa/reauthenticate/")
    assert answer.status_code == 201


def test_an_administrator_takes_a_factor_away_and_the_sessions_end() -> None:
    user, administrator = UserFactory(), UserFactory(administrator=True)
    secret, _ = enrol(user)
    client, helper = with_password(user), Client()
    client.post(CHALLENGE, {"code": codes_now(secret)[2]})
    helper.force_login(administrator)
    path = f"/settings/people/{user.pk}/second-factor/"
    offered = path in helper.get(f"/settings/people/{user.pk}/").content.decode()

    without = helper.post(path, {"reason": ""})
    answer = helper.post(path, {"reason": "Lost the telephone."})

    assert (offered, without.status_code, answer.status_code) == (True, 422, 302)
    assert client.get("/settings/profile/").status_code == 302
    assert is_in(with_password(user))
    assert AuditEvent.objects.get(verb="people.second_factor_removed").reason == "Lost the telephone."


# Modes


@pytest.fixture
def required(settings: Any) -> None:
    settings.SECOND_FACTOR = SecondFactor.REQUIRED


@pytest.mark.usefixtures("required")
def test_required_leads_to_the_set_up_and_blocks_everything_else() -> None:
    user = UserFactory(administrator=True)
    client = with_password(user)

    led = {client.get(path)["Location"] for path in ("/", "/jobs/", "/settings/profile/", "/audit/", "/nowhere/")}
    acts = {
        client.post(path, {"name": "CI"})["Location"] for path in ("/settings/api-tokens/add/", "/settings/profile/")
    }
    live = client.get("/", headers={"HX-Request": "true"})

    assert led == acts == {SET_UP}
    assert live["HX-Redirect"] == SET_UP
    assert not user.api_tokens.exists()
    page = client.get(SET_UP)
    assert "asks everybody for a second factor" in page.content.decode()
    assert client.post(SET_UP, {"code": codes_now(secret_on(page))[2]}).status_code == 201
    assert client.get("/").status_code == 200
    assert client.post("/settings/api-tokens/add/", {"name": "CI"}).status_code == 201


@pytest.mark.usefixtures("required")
def test_required_leads_a_newcomer_from_the_invitation_to_the_set_up_without_asking_twice() -> None:
    InvitationFactory(token="the-link", created_by=UserFactory(administrator=True), is_administrator=True)
    client = Client()
    wish = {"full_name": "Nils", "password": "another rope of 1828", "time_zone": "UTC"}

    accepted = client.post("/invitations/the-link/", wish)
    led = client.get(accepted["Location"])
    page = client.get(led["Location"])

    assert (led["Location"], page.status_code) == (SET_UP, 200)
    assert client.post(SET_UP, {"code": codes_now(secret_on(page))[2]}).status_code == 201


@pytest.mark.usefixtures("required")
def test_required_lets_people_sign_out_and_tokens_work() -> None:
    user = UserFactory()
    client = with_password(user)

    api = Client().get("/api/v1/people/", **api_headers(user))
    client.post("/accounts/logout/")

    assert api.status_code == 200
    assert not is_in(client)


@pytest.mark.usefixtures("required")
def test_required_leads_back_to_the_set_up_after_removal() -> None:
    user = UserFactory()
    secret, _ = enrol(user)
    client = with_password(user)
    client.post(CHALLENGE, {"code": codes_now(secret)[2]})
    client.post(f"{AGAIN}?next={REMOVE}", {"password": PASSWORD})

    page = client.get(REMOVE)
    client.post(REMOVE)

    assert "you must set up another one at once" in page.content.decode()
    assert client.get("/")["Location"] == SET_UP


def test_off_asks_for_no_code_and_has_no_pages(settings: Any) -> None:
    user = UserFactory()
    enrol(user)
    settings.SECOND_FACTOR = SecondFactor.OFF

    client = with_password(user)

    assert is_in(client)
    paths = (SET_UP, CODES, REMOVE, CHALLENGE, "/accounts/2fa/reauthenticate/")
    assert {client.get(path).status_code for path in paths} == {404}
    assert {client.post(path).status_code for path in paths} == {404}
    assert "Second factor" not in client.get("/settings/profile/").content.decode()

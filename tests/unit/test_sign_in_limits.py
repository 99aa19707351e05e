"""How guessing passwords is slowed down, and what happens when attempts cannot be counted."""

import subprocess
import sys

import pytest
import redis
from django.conf import settings
from django.test import Client

from tests.factories import PASSWORD, UserFactory
from tests.services import PrivateValkey

pytestmark = pytest.mark.django_db

LIMIT = 5  # settings.ACCOUNT_RATE_LIMITS["login_failed"], for one address


def sign_in(email: str, password: str, *, address: str = "192.0.2.1") -> Client:
    client = Client(REMOTE_ADDR=address)
    client.post("/accounts/login/", {"login": email, "password": password})
    return client


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_one_account_is_not_guessed_at_from_many_addresses() -> None:
    user = UserFactory()
    for number in range(LIMIT):
        sign_in(user.email, "wrong", address=f"192.0.2.{number}")

    client = sign_in(user.email, PASSWORD, address="192.0.2.99")

    assert not is_in(client)


def test_failures_of_one_account_do_not_lock_another() -> None:
    user, other = UserFactory(), UserFactory()
    for _ in range(LIMIT):
        sign_in(user.email, "wrong")

    assert is_in(sign_in(other.email, PASSWORD))


def test_attempts_are_counted_where_every_process_sees_them() -> None:
    user = UserFactory()
    for _ in range(LIMIT):
        sign_in(user.email, "wrong")
    count = "import sys, redis; print(len(list(redis.Redis.from_url(sys.argv[1]).scan_iter('*login_failed*'))))"

    elsewhere = subprocess.run(
        [sys.executable, "-c", count, settings.CACHES["default"]["LOCATION"]], capture_output=True, check=True
    )

    assert int(elsewhere.stdout) == 2  # by visitor and by account
    redis.Redis.from_url(settings.CACHES["default"]["LOCATION"]).flushdb()
    assert is_in(sign_in(user.email, PASSWORD))


def test_nobody_signs_in_uncounted_while_the_cache_is_down(installation_valkey: PrivateValkey) -> None:
    user = UserFactory()
    signed_in, client = Client(), Client()
    signed_in.force_login(user)
    change = {"oldpassword": PASSWORD, "password1": "another rope of 1828", "password2": "another rope of 1828"}
    installation_valkey.kill()
    try:
        page = client.get("/accounts/login/")
        answers = [
            client.post("/accounts/login/", {"login": user.email, "password": PASSWORD}),
            client.post("/accounts/password/reset/", {"email": user.email}),
            signed_in.post("/accounts/password/change/", change),
        ]
        home = signed_in.get("/")
    finally:
        installation_valkey.start()

    assert (page.status_code, home.status_code) == (200, 200)
    assert [answer.status_code for answer in answers] == [503, 503, 503]
    assert {answer["Retry-After"] for answer in answers} == {"30"}
    assert all("Try again in a minute" in answer.content.decode() for answer in answers)
    assert not is_in(client)
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    assert is_in(sign_in(user.email, PASSWORD))


def test_a_visitor_who_tries_too_often_reads_what_to_do() -> None:
    UserFactory()
    client = Client()
    for _ in range(30):  # settings.ACCOUNT_RATE_LIMITS["login"]
        client.post("/accounts/login/", {})

    answer = client.post("/accounts/login/", {})

    assert answer.status_code == 429
    assert "Wait a minute, then try again." in answer.content.decode()

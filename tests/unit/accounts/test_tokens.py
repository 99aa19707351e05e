"""One token a credential for everybody, on the real database, against a real HTTP server."""

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone
from werkzeug import Response

from accounts import crypto
from accounts.errors import NoCredentialError
from accounts.models import AccessToken
from accounts.services import tokens
from accounts.services.tokens import DatabaseTokenStore
from clients.errors import ApiUnavailableError
from clients.ims import ImsClient, OAuthServerToServer
from clients.tokens import Token
from tests.factories import CredentialFactory
from tests.unit.accounts.races import at_once

CALLERS = 20
CREDENTIAL = OAuthServerToServer(client_id="client", client_secret="secret-of-the-test", scopes=("openid",))


class TokenServer:
    """A sign-in service that counts what it is asked and answers after a while."""

    def __init__(self, httpserver):
        self.requests = 0
        self.delay_s = 0.3
        self.expires_in = 86399
        self.is_down = False
        self._lock = threading.Lock()
        self.url = httpserver.url_for("").rstrip("/")
        httpserver.expect_request("/ims/token/v3", method="POST").respond_with_handler(self._answer)

    def _answer(self, request):
        with self._lock:
            self.requests += 1
            number = self.requests
        time.sleep(self.delay_s)
        if self.is_down:
            return Response("down", status=503)
        body = f'{{"access_token":"token-{number}","token_type":"bearer","expires_in":{self.expires_in}}}'
        return Response(body, content_type="application/json")

    def fetch(self) -> Token:
        with ImsClient(base_url=self.url) as ims:
            return ims.fetch_token(CREDENTIAL)


@pytest.fixture(autouse=True)
def _nothing_remembered():
    tokens.forget()


@pytest.fixture
def server(httpserver):
    return TokenServer(httpserver)


@pytest.fixture
def credential(transactional_db):
    return CredentialFactory()


def stored(credential, *, value="old", expires_in=timedelta(hours=12), refresh_in=timedelta(hours=11), **changes):
    now = timezone.now()
    return AccessToken.objects.create(
        credential=credential,
        **{
            "ciphertext": crypto.encrypt(value),
            "value_digest": tokens._digest(value),
            "expires_at": now + expires_in,
            "refresh_at": now + refresh_in,
            "is_rejected": False,
            "locked_until": now - timedelta(seconds=1),
            **changes,
        },
    )


def in_an_hour(value):
    return Token(value=value, expires_at=datetime.now(UTC) + timedelta(hours=1))


def get_at_once(credential, server, callers=CALLERS):
    # A store of its own each, without shared process memory: as if each were another process.
    calls = [
        lambda n=n: DatabaseTokenStore(credential.pk, generation=str(n)).get(server.fetch).value for n in range(callers)
    ]
    return at_once(*calls)


def test_twenty_callers_at_once_cause_one_request(credential, server):
    values = get_at_once(credential, server)

    assert values == ["token-1"] * CALLERS
    assert server.requests == 1


def test_twenty_callers_who_were_refused_with_one_token_cause_one_request(credential, server):
    stored(credential, value="revoked")

    def refused_then_get(n):
        store = DatabaseTokenStore(credential.pk, generation=str(n))
        store.reject("revoked")
        return store.get(server.fetch).value

    values = at_once(*(lambda n=n: refused_then_get(n) for n in range(CALLERS)))

    assert values == ["token-1"] * CALLERS
    assert server.requests == 1


def test_a_token_that_was_replaced_meanwhile_is_not_rejected(credential, server):
    stored(credential, value="new")
    store = DatabaseTokenStore(credential.pk)

    store.reject("old")

    assert store.get(server.fetch).value == "new"
    assert server.requests == 0


def test_the_old_token_is_used_while_one_caller_renews_it(credential, server):
    stored(credential, value="old", expires_in=timedelta(minutes=4), refresh_in=timedelta(minutes=-1))
    server.delay_s = 1

    values = get_at_once(credential, server, callers=5)

    assert sorted(values) == ["old", "old", "old", "old", "token-1"]
    assert server.requests == 1


def test_a_renewal_that_fails_leaves_the_old_token_in_use(credential, server):
    row = stored(credential, value="old", expires_in=timedelta(minutes=4), refresh_in=timedelta(minutes=-1))
    server.is_down, server.delay_s = True, 0

    value = DatabaseTokenStore(credential.pk).get(server.fetch).value

    row.refresh_from_db()
    assert value == "old"
    assert row.refresh_at > timezone.now()


def test_a_failure_without_an_old_token_is_raised_and_frees_the_lock(credential, server):
    server.is_down, server.delay_s = True, 0
    with pytest.raises(ApiUnavailableError):
        DatabaseTokenStore(credential.pk).get(server.fetch)
    server.is_down = False

    value = DatabaseTokenStore(credential.pk).get(server.fetch).value

    assert value.startswith("token-")


def test_an_expired_token_is_not_used(credential, server):
    stored(credential, expires_in=timedelta(seconds=-1), refresh_in=timedelta(minutes=-10))

    assert DatabaseTokenStore(credential.pk).get(server.fetch).value == "token-1"


def test_the_lock_of_a_holder_that_died_ends_by_itself(credential, server):
    soon = timezone.now() + timedelta(seconds=0.4)
    stored(credential, is_rejected=True, locked_until=soon)

    value = DatabaseTokenStore(credential.pk).get(server.fetch).value

    assert value == "token-1"
    assert timezone.now() >= soon


def test_a_holder_whose_lock_ran_out_does_not_overwrite_its_successor_s_token(credential):
    store = DatabaseTokenStore(credential.pk, generation="slow")

    def fetch_too_slowly():
        AccessToken.objects.update(locked_until=timezone.now() - timedelta(seconds=1))
        DatabaseTokenStore(credential.pk, generation="successor").get(lambda: in_an_hour("newer"))
        return in_an_hour("older")

    store.get(fetch_too_slowly)

    assert crypto.decrypt(AccessToken.objects.get().ciphertext) == "newer"


def test_waiting_for_another_caller_ends_with_a_sentence(credential, server, monkeypatch):
    monkeypatch.setattr(tokens, "WAIT_LIMIT_S", 0.2)
    stored(credential, is_rejected=True, locked_until=timezone.now() + timedelta(minutes=1))

    with pytest.raises(TimeoutError, match="renewing the access token for too long"):
        DatabaseTokenStore(credential.pk).get(server.fetch)

    assert server.requests == 0


def test_the_token_lies_encrypted(credential, server):
    DatabaseTokenStore(credential.pk).get(server.fetch)

    row = AccessToken.objects.get()
    assert "token-1" not in f"{row.ciphertext} {row.value_digest}"
    assert crypto.decrypt(row.ciphertext) == "token-1"


def test_a_token_under_a_key_that_is_gone_is_fetched_anew(credential, server):
    stored(credential, ciphertext="not decryptable")

    assert DatabaseTokenStore(credential.pk).get(server.fetch).value == "token-1"


def test_a_token_is_renewed_five_to_six_minutes_early(credential, server):
    DatabaseTokenStore(credential.pk).get(server.fetch)

    row = AccessToken.objects.get()
    assert timedelta(minutes=5) <= row.expires_at - row.refresh_at <= timedelta(minutes=6)


def test_a_short_lived_token_is_not_renewed_with_every_call(credential, server):
    server.expires_in = 60
    for generation in "abc":
        DatabaseTokenStore(credential.pk, generation=generation).get(server.fetch)

    assert server.requests == 1


def test_process_memory_spares_the_database(credential, server, django_assert_num_queries):
    store = DatabaseTokenStore(credential.pk)
    store.get(server.fetch)

    with django_assert_num_queries(0):
        value = DatabaseTokenStore(credential.pk).get(server.fetch).value

    assert value == "token-1"


def test_no_transaction_is_open_while_the_token_is_fetched(credential):
    def fetch():
        assert not connection.in_atomic_block
        return in_an_hour("token")

    assert DatabaseTokenStore(credential.pk).get(fetch).value == "token"


def test_a_token_of_a_deleted_credential_is_not_fetched(credential, server):
    store = DatabaseTokenStore(credential.pk)
    credential.delete()

    with pytest.raises(NoCredentialError, match="was deleted"):
        store.get(server.fetch)

    assert server.requests == 0

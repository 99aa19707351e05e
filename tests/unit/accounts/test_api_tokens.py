"""Keys for the REST API."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.errors import RefusedError
from accounts.models import ApiToken, AuditEvent
from accounts.services import api_tokens, audit
from tests.factories import ApiTokenFactory

pytestmark = pytest.mark.django_db


def test_the_text_of_a_token_finds_it_and_only_its_hash_is_kept(owner):
    token, text = api_tokens.create_api_token(user=owner, name="Export", actor=owner)

    assert api_tokens.find_usable(text) == token
    assert text not in f"{token.token_hash} {AuditEvent.objects.get().content()}"
    assert text.startswith(token.prefix)


@pytest.mark.parametrize("text", ["", "tow_", "tow_wrong", "x" * 5000])
def test_another_text_finds_nothing(owner, text):
    api_tokens.create_api_token(user=owner, name="Export", actor=owner)

    assert api_tokens.find_usable(text) is None


@pytest.mark.parametrize(
    "change",
    [{"revoked_at": timezone.now()}, {"expires_at": timezone.now() - timedelta(seconds=1)}],
    ids=["revoked", "expired"],
)
def test_a_token_that_ended_is_not_usable(owner, change):
    ApiTokenFactory(user=owner, text="tow_the-token", **change)

    assert api_tokens.find_usable("tow_the-token") is None


def test_a_token_of_somebody_deactivated_is_not_usable(owner):
    ApiTokenFactory(user=owner, text="tow_the-token")
    owner.is_active = False
    owner.save()

    assert api_tokens.find_usable("tow_the-token") is None


def test_a_token_that_would_have_expired_already_is_refused(owner):
    with pytest.raises(RefusedError, match="Choose a later day"):
        api_tokens.create_api_token(
            user=owner, name="Export", expires_at=timezone.now() - timedelta(days=1), actor=owner
        )

    assert not ApiToken.objects.exists()


def test_use_is_noted_at_most_once_a_minute(owner, django_assert_num_queries):
    token = ApiTokenFactory(user=owner)
    api_tokens.note_use(token)
    token.refresh_from_db()
    first = token.last_used_at

    with django_assert_num_queries(0):
        api_tokens.note_use(token)
    ApiToken.objects.update(last_used_at=first - timedelta(minutes=2))
    token.refresh_from_db()
    api_tokens.note_use(token)

    token.refresh_from_db()
    assert token.last_used_at >= first


def test_a_revoked_token_is_recorded_once(owner):
    token = ApiTokenFactory(user=owner)

    api_tokens.revoke_api_token(token=token, actor=owner)
    api_tokens.revoke_api_token(token=token, actor=owner)

    assert AuditEvent.objects.get().verb == audit.Verb.API_TOKEN_REVOKED

"""The pages of signing in and of passwords, in our frame."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent, User
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def somebody():
    return UserFactory()


@pytest.mark.parametrize(
    ("url_name", "heading"),
    [
        ("account_login", "Sign in"),
        ("account_reset_password", "Reset your password"),
        ("account_reset_password_done", "Look into your mail"),
        ("account_reset_password_from_key_done", "Password changed"),
        ("account_inactive", "This account is switched off"),
    ],
)
def test_a_page_for_people_outside_stands_in_the_plain_frame(client: Client, somebody, url_name, heading):
    page = client.get(reverse(url_name))

    assert page.status_code == 200
    assert f"<h1>{heading}</h1>" in page.content.decode()
    assert 'class="plain-card"' in page.content.decode()


def test_a_reset_link_that_no_longer_works_leads_to_a_new_one(client: Client, somebody):
    page = client.get(reverse("account_reset_password_from_key", kwargs={"uidb36": "1", "key": "bad-key"}))

    assert "This link no longer works" in page.content.decode()
    assert reverse("account_reset_password") in page.content.decode()


@pytest.mark.parametrize(
    ("url_name", "heading"),
    [("account_logout", "Sign out"), ("account_change_password", "Change password")],
)
def test_a_page_for_people_inside_stands_among_the_places(client: Client, somebody, url_name, heading):
    client.force_login(somebody)

    page = client.get(reverse(url_name))

    assert f"<h1>{heading}</h1>" in page.content.decode()
    assert 'aria-label="Places"' in page.content.decode()


def test_a_refused_sign_in_says_why_beside_the_form(client: Client, somebody):
    page = client.post(reverse("account_login"), {"login": somebody.email, "password": "not this one"})

    assert page.status_code == 200
    assert 'class="notice tone-bad" role="alert"' in page.content.decode()


def test_an_installation_without_mail_says_so_and_claims_nothing(client: Client, settings: Any, somebody: User) -> None:
    settings.CAN_SEND_MAIL = False

    page = client.get(reverse("account_reset_password"))
    refused = client.post(reverse("account_reset_password"), {"email": somebody.email})

    assert "This installation sends no mail" in page.content.decode()
    assert refused.status_code == 403
    assert not mail.outbox


def test_a_password_link_of_an_administrator_works_once(
    client: Client, administrator: User, somebody: User, signed_in: Callable[[User], Client]
) -> None:
    answer = signed_in(administrator).post(reverse("accounts:person-password-link", args=[somebody.pk]))
    link = urlsplit(answer.context["link"]).path
    page = client.get(link, follow=True)
    address = page.redirect_chain[-1][0]

    password = "a barge of oak from 1790"
    changed = client.post(address, {"password1": password, "password2": password}, follow=True)

    assert answer["Cache-Control"] == "no-store"
    assert "Password changed" in changed.content.decode()
    somebody.refresh_from_db()
    assert somebody.check_password(password)
    assert "Password changed" not in Client().get(link, follow=True).content.decode()
    assert AuditEvent.objects.filter(verb="people.password_link_made", actor_id=administrator.pk).count() == 1


def test_a_deactivated_person_gets_no_password_link(
    administrator: User, somebody: User, signed_in: Callable[[User], Client]
) -> None:
    User.objects.filter(pk=somebody.pk).update(is_active=False)

    answer = signed_in(administrator).post(reverse("accounts:person-password-link", args=[somebody.pk]))

    assert answer.status_code == 422
    assert "Reactivate the account first" in answer.content.decode()


def test_somebody_without_a_password_is_told_where_theirs_is() -> None:
    user = UserFactory()
    user.set_unusable_password()
    user.save()
    client = Client()
    client.force_login(user)

    answers = [client.get("/accounts/password/change/"), client.post("/accounts/password/change/")]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert all("You have no password" in answer.content.decode() for answer in answers)
    user.refresh_from_db()
    assert not user.has_usable_password()

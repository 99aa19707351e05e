"""The pages of signing in and of passwords, in our frame."""

import pytest
from django.test import Client
from django.urls import reverse

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

"""The frame around the pages: which places it offers, and which one the reader is at."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import ResolverMatch, include, path

from accounts.models import User
from config.context_processors import Link, shell


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


# The names of the real pages, without the pages: the frame knows nothing else of them.
urlpatterns = [
    path(
        "",
        include(
            (
                [
                    path("", page, name="home"),
                    path("p/", page, name="package-list"),
                    path("j/", page, name="job-list"),
                ],
                "promotions",
            )
        ),
    ),
    path("", include(([path("a/", page, name="audit-list"), path("s/", page, name="settings-index")], "accounts"))),
]
pytestmark = pytest.mark.urls(__name__)


def places_at(view_name: str, user: User | AnonymousUser | None = None) -> list[Link]:
    request = RequestFactory().get("/")
    request.user = user if user is not None else User(email="nora@example.com")
    namespace, _, url_name = view_name.rpartition(":")
    request.resolver_match = ResolverMatch(page, (), {}, url_name, namespaces=[namespace] if namespace else [])
    places = shell(request)["places"]
    assert isinstance(places, list)
    return places


@pytest.mark.parametrize(
    ("view_name", "place"),
    [
        ("accounts:audit-list", "Audit"),
        ("accounts:organization-list", "Settings"),
        ("accounts:credential-test", "Settings"),
        ("promotions:home", "Home"),
        ("promotions:package-detail", "Packages"),
        ("promotions:plan-detail", "Packages"),
        ("promotions:job-list", "Jobs"),
    ],
)
def test_a_page_marks_the_place_that_it_belongs_to(view_name, place):
    current = [link.name for link in places_at(view_name) if link.is_current]

    assert current == [place]


def test_a_page_outside_every_place_marks_none():
    assert not any(link.is_current for link in places_at("account_change_password"))


def test_people_who_have_not_signed_in_see_no_places():
    assert places_at("accounts:audit-list", AnonymousUser()) == []


def test_a_place_whose_page_does_not_exist_is_left_out(monkeypatch):
    monkeypatch.setattr(
        "config.context_processors.PLACES", (("Journeys", "journey", "promotions:journey-list", {"journey"}),)
    )

    assert places_at("promotions:home") == []

"""Lists of assets that are long and odd: they are taken in time, and pages stay pages."""

import time
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.choices import Role
from accounts.models import User
from promotions.services import api_versions
from promotions.systems.snaplogic.holdings import Holding
from tests.factories import MembershipFactory, UserFactory
from tests.factories_apis import ApiVersionFactory


def test_a_target_of_many_types_is_compared_in_time() -> None:
    types = {f"t{number}": frozenset(["x"]) for number in range(20_000)}
    holding = Holding("there", is_listed=True, assets={**types, "tasks": frozenset(["nightly"])})
    began = time.monotonic()

    found = [holding.presence_of("Pipeline", f"p{number}") for number in range(20_000)]

    assert set(found) == {"absent"}
    assert holding.presence_of("Job", "nightly") == "there"
    assert time.monotonic() - began < 3


def test_of_several_jobs_the_last_one_has_brought_it() -> None:
    holding = Holding("there", is_listed=False, ours={("Task", "nightly"): 9, ("Job", "nightly"): 7})

    assert holding.job_of("job", "nightly") == 9
    assert holding.job_of("Pipeline", "nightly") is None


@pytest.mark.django_db
def test_a_page_shows_as_much_as_people_read(signed_in: Callable[[User], Client]) -> None:
    row = ApiVersionFactory()
    reader = UserFactory()
    MembershipFactory(user=reader, organization=row.organization, role=Role.VIEWER)

    api_versions.store_listing(row, {f"t{number:05}{300 * 't'}": [2_000 * "n"] * 300 for number in range(150)})

    html = signed_in(reader).get(reverse("promotions:api-version-detail", args=[row.pk])).content.decode()
    row.refresh_from_db()
    assert "And 50 more types." in html
    assert 300 * "n" not in html
    assert max(len(name) for kind, names in row.assets.items() for name in (kind, *names)) == 200

"""Archives in the browser: what is kept, until when, who uses it, and erasing one."""

from collections.abc import Callable
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.choices import Role
from accounts.models import Organization, User
from promotions.choices import PlanState
from promotions.models import Archive, Plan
from promotions.services import sealed_files
from tests.factories import MembershipFactory, SnapLogicOrganizationFactory
from tests.factories_apis import ApiImportFactory, ApiImportPlanFactory, ArchiveFactory

SignIn = Callable[[User], Client]
LIST = reverse("promotions:archive-list")

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_storage(settings: Any, tmp_path: Path) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "files"},
        },
    }
    settings.ARCHIVE_DAYS = 30


@pytest.fixture
def environment() -> Organization:
    organization: Organization = SnapLogicOrganizationFactory(name="Integration dev")
    return organization


@pytest.fixture
def browser(signed_in: SignIn, environment: Organization) -> Client:
    return signed_in(MembershipFactory(organization=environment, role=Role.OPERATOR).user)


@pytest.fixture
def reader(signed_in: SignIn, environment: Organization) -> Client:
    return signed_in(MembershipFactory(organization=environment, role=Role.VIEWER).user)


def html_of(browser: Client, address: str = LIST) -> str:
    return unescape(browser.get(address).content.decode())


def erasing(archive: Archive) -> str:
    return reverse("promotions:archive-erase", args=[archive.pk])


def test_the_list_tells_of_each_zip_and_who_used_it(browser: Client, environment: Organization) -> None:
    archive = ArchiveFactory(organization=environment, name="orders.zip", version_path="acme-dev/apim/orders/1.2")
    promotion = ApiImportFactory(archive=archive)
    ArchiveFactory(name="theirs.zip")

    html = html_of(browser)

    for words in ("orders.zip", "acme-dev/apim/orders/1.2", "uploaded", archive.sha256):
        assert words in html
    assert reverse("promotions:promotion-detail", args=[promotion.pk]) in html
    assert f"{reverse('promotions:api-version-import')}?archive={archive.pk}" in html
    assert "theirs.zip" not in html


def test_promotions_into_places_that_one_may_not_know_are_not_named(reader: Client, environment: Organization) -> None:
    elsewhere = SnapLogicOrganizationFactory(name="Secret")
    ApiImportFactory(
        archive=ArchiveFactory(organization=environment),
        target_organization=elsewhere,
        target_sandbox=elsewhere.environment,
    )

    assert "Secret" not in html_of(reader)
    assert elsewhere.remote_id not in html_of(reader)


def test_the_earliest_day_of_erasing_counts_from_the_last_use(browser: Client, environment: Organization) -> None:
    ArchiveFactory(organization=environment, used_at=timezone.now() - timedelta(days=25))

    html = html_of(browser)

    assert "in 5 days" in html or "in 4 days" in html
    assert "or longer if needed" in html


def test_an_erased_one_stays_in_the_list_without_buttons(browser: Client, environment: Organization) -> None:
    archive = ArchiveFactory(organization=environment, file="", erased_at=timezone.now())

    html = html_of(browser)

    assert archive.name in html
    assert "erased" in html
    assert "Import it" not in html
    assert erasing(archive) not in html


def test_expression_files_are_not_imported_by_themselves(browser: Client, environment: Organization) -> None:
    ArchiveFactory(organization=environment, kind="expressions")

    assert "Import it" not in html_of(browser)


def test_viewers_erase_and_import_nothing(reader: Client, environment: Organization) -> None:
    archive = ArchiveFactory(organization=environment)

    html = html_of(reader)

    assert archive.name in html
    assert "Import it" not in html
    assert erasing(archive) not in html


def test_erasing_asks_first_and_keeps_the_row(browser: Client, environment: Organization) -> None:
    archive = ArchiveFactory(organization=environment, content=True)

    assert "are erased for good" in html_of(browser, erasing(archive))
    assert sealed_files.names() == [archive.file]
    answer = browser.post(erasing(archive), follow=True)

    archive.refresh_from_db()
    assert archive.is_erased
    assert "is erased" in answer.content.decode()


def test_what_a_plan_needs_is_not_erased_and_the_page_says_why(browser: Client, environment: Organization) -> None:
    archive = ArchiveFactory(organization=environment, content=True)
    plan = ApiImportPlanFactory(promotion=ApiImportFactory(archive=archive))
    Plan.objects.filter(pk=plan.pk).update(state=PlanState.OPEN)

    question = html_of(browser, erasing(archive))
    answer = browser.post(erasing(archive), follow=True)

    assert "It cannot be erased now" in question
    assert "may still run" in question
    assert "cannot be erased" in answer.content.decode()
    archive.refresh_from_db()
    assert not archive.is_erased
    assert sealed_files.names() == [archive.file]


def test_erasing_twice_is_refused(browser: Client, environment: Organization) -> None:
    archive = ArchiveFactory(organization=environment, file="", erased_at=timezone.now())

    assert "It was erased already" in html_of(browser, erasing(archive))
    assert "was erased already" in browser.post(erasing(archive), follow=True).content.decode()


def test_an_empty_list_says_how_zips_come(browser: Client, reader: Client) -> None:
    assert "No archive yet" in html_of(browser)
    assert "when an operator uploads it" in html_of(reader)

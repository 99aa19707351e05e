"""Rare and common words are found in different ways, and alike."""

import pytest

from promotions import search
from promotions.models import Package
from promotions.queries import PACKAGE_ORDERS, PackageFilters, package_page
from tests.factories import MembershipFactory, OrganizationFactory, UserFactory
from tests.factories_promotions import PackageFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def packages() -> list[Package]:
    texts = ["Loyalty schemas", "loyalty_tiers", "disloyal hay", "Été Loyalty", "schemas"]
    return [PackageFactory(name=text, search_text=text) for text in texts]


@pytest.mark.parametrize("few", [0, 500])
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("loyalty", ["Loyalty schemas", "loyalty_tiers", "Été Loyalty"]),
        ("LOYAL", ["Loyalty schemas", "loyalty_tiers", "Été Loyalty"]),
        ("schemas loyal", ["Loyalty schemas"]),
        ("nothing", []),
        ("  ", ["Loyalty schemas", "loyalty_tiers", "disloyal hay", "Été Loyalty", "schemas"]),
        ("&|!", []),
        ("lo'y\"al", []),
        ("été", ["Été Loyalty"]),
        ("loyalty_t", ["loyalty_tiers"]),
        ("s loy", ["Loyalty schemas"]),
    ],
)
def test_words_find_the_same_however_many_match(
    packages: list[Package], monkeypatch: pytest.MonkeyPatch, few: int, text: str, found: list[str]
) -> None:
    monkeypatch.setattr(search, "FEW_MATCHES", few)

    names = search.search(Package.objects.order_by("pk"), text).values_list("name", flat=True)

    assert list(names) == found


@pytest.mark.parametrize("few", [0, 500])
def test_a_beginning_of_more_words_than_are_tested_alone_finds_them_all(
    monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    texts = [f"loyalty{number}" for number in range(search.TERMS_LIMIT + 1)]
    for text in texts:
        PackageFactory(name=text, search_text=text)
    monkeypatch.setattr(search, "FEW_MATCHES", few)

    found = search.search(Package.objects.order_by("pk"), "Loyal")

    assert list(found.values_list("name", flat=True)) == texts


@pytest.mark.parametrize("near", [1, 4, 200])
@pytest.mark.parametrize("order", ["name", "-name"])
def test_pages_of_a_search_hold_every_match_once_in_either_direction(
    monkeypatch: pytest.MonkeyPatch, near: int, order: str
) -> None:
    reader = UserFactory()
    holding, without = OrganizationFactory(), OrganizationFactory()
    for organization in (holding, without):
        MembershipFactory(user=reader, organization=organization)
    for number in range(9):
        PackageFactory(organization=without, name=f"{number} hay", search_text="hay")
        PackageFactory(organization=holding, name=f"{number}", search_text="loyalty" if number > 1 else "disloyal")
    wanted = [str(number) for number in range(2, 9)]
    monkeypatch.setattr(search, "FEW_MATCHES", 0)
    monkeypatch.setattr(search, "NEAR", near)
    filters = PackageFilters(text="loyal")
    visible, everything = Package.objects.visible_to(reader), Package.objects.all()

    pages = [package_page(reader, visible, filters, PACKAGE_ORDERS[order], "", size=2, read=everything)]
    while cursor := pages[-1].older:
        pages.append(package_page(reader, visible, filters, PACKAGE_ORDERS[order], cursor, size=2, read=everything))
    back = package_page(reader, visible, filters, PACKAGE_ORDERS[order], pages[-1].newer, size=2, read=everything)

    assert [row.name for page in pages for row in page.rows] == (wanted if order == "name" else wanted[::-1])
    assert list(back.rows) == list(pages[-2].rows)


@pytest.mark.parametrize("first", [1, 5000])
@pytest.mark.parametrize(
    ("text", "number"), [("loyal", 3), ("schemas loyal", 1), ("nothing", 0), ("été", 1), ("  ", 5), ("&|!", 0)]
)
def test_a_count_is_what_the_search_finds_however_many_are_counted_first(
    packages: list[Package], monkeypatch: pytest.MonkeyPatch, first: int, text: str, number: int
) -> None:
    monkeypatch.setattr(search, "COUNTED_FIRST", first)

    counted = search.capped_count(Package.objects.all(), text)

    assert counted == (number, False)


def test_a_count_ends_where_the_first_matches_exceed_what_is_told(
    packages: list[Package], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts.keyset.COUNT_LIMIT", 1)
    monkeypatch.setattr(search, "COUNTED_FIRST", 2)

    counted = search.capped_count(Package.objects.all(), "loyal")

    assert counted == (1, True)

"""Rare and common words are found in different ways, and alike."""

import pytest

from promotions import search
from promotions.models import Package
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
    ],
)
def test_words_find_the_same_however_many_match(
    packages: list[Package], monkeypatch: pytest.MonkeyPatch, few: int, text: str, found: list[str]
) -> None:
    monkeypatch.setattr(search, "FEW_MATCHES", few)

    names = search.search(Package.objects.order_by("pk"), text).values_list("name", flat=True)

    assert list(names) == found

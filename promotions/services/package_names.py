"""Names of packages: which are taken, and which is free."""

import re
from collections.abc import Iterable

from accounts.models import Organization
from promotions.models import Package

NAME_LIMIT = 255
_VERSION = re.compile(r"(?P<stem>.*?)(?P<mark>[ _-]v(?:ersion )?)(?P<number>\d{1,6})$", re.IGNORECASE | re.DOTALL)
_COPY = re.compile(r"(?P<stem>.*) \((?P<number>\d{1,6})\)$", re.DOTALL)
_TRIES = 1000


def holder(organization: Organization, name: str, *, other_than: Package | None = None) -> Package | None:
    """The package known here that has this name; the platform wants names to be unique in an organization."""
    found = Package.objects.filter(organization=organization, sort_name=name.lower()[:500], name=name, vanished_at=None)
    return (found.exclude(pk=other_than.pk) if other_than else found).first()


def free_name(organization: Organization, name: str) -> str:
    """A name like this one that no package known here has: “Loyalty v4” for “Loyalty v3”, else “Loyalty (2)”."""
    tries = list(_like(name))
    taken = set(
        Package.objects.filter(organization=organization, name__in=tries, vanished_at=None).values_list(
            "name", flat=True
        )
    )
    return next((candidate for candidate in tries if candidate not in taken), "")


def is_about_a_name(words: str) -> bool:
    """Whether a refusal of the platform says that the name is taken."""
    return bool(
        re.search(r"\b(already exist|already in use|duplicate|not unique|must be unique)", words, re.IGNORECASE)
    )


def _like(name: str) -> Iterable[str]:
    version = _VERSION.fullmatch(name)
    copy = _COPY.fullmatch(name)
    for step in range(1, _TRIES):
        if version:
            yield f"{version['stem']}{version['mark']}{int(version['number']) + step}"[:NAME_LIMIT]
        else:
            stem, first = (copy["stem"], int(copy["number"]) + 1) if copy else (name, 2)
            ending = f" ({first + step - 1})"
            yield f"{stem[: NAME_LIMIT - len(ending)]}{ending}"

"""Telling people in time that a credential or a package is about to expire."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import urlencode

from accounts.choices import ROLE_RANK, Role
from accounts.models import Credential, Membership, Notice, Organization, User
from accounts.services import notices
from promotions.choices import PackageStatus
from promotions.models import Package

EXPIRY = "expiry"
STEPS = (1, 7, 14)  # days before
NAMES_SHOWN = 20


@dataclass(frozen=True)
class Expiry:
    """What expires, and who is to know. The key holds the day and the step: a renewed thing is told of anew."""

    key: str
    text: str
    detail: str
    url: str
    organization: Organization
    role: Role


def warn() -> None:
    """Tell who is to know, once at each step, and settle what no longer holds. Safe to run at any time."""
    now = timezone.now()
    found = {expiry.key: expiry for expiry in (*_credentials(now), *_packages(now))}
    people = _people({expiry.organization.pk for expiry in found.values()})
    told = set(Notice.objects.filter(kind=EXPIRY, key__in=list(found)).values_list("key", "person_id"))
    for expiry in found.values():
        able = _able(people[expiry.organization.pk], expiry.role)
        new = [person for person in able if (expiry.key, person.pk) not in told]
        if new:
            _tell(expiry, new)
    is_open = Notice.objects.filter(kind=EXPIRY, settled_at=None)
    for key in set(is_open.values_list("key", flat=True)) - found.keys():
        notices.settle(kind=EXPIRY, key=key)


@transaction.atomic
def _tell(expiry: Expiry, people: Collection[User]) -> None:
    notices.notify(
        kind=EXPIRY,
        people=people,
        text=expiry.text,
        detail=expiry.detail,
        url=expiry.url,
        key=expiry.key,
        organization=expiry.organization,
    )


def _credentials(now: datetime) -> Iterator[Expiry]:
    """One each; an expired one stays told of until it is renewed."""
    due = Credential.objects.filter(organization__deleted_at=None, expires_at__lt=_end_of_steps(now))
    for credential in due.select_related("organization").defer("secrets").order_by("pk"):
        day = _day(credential.expires_at)
        yield Expiry(
            key=f"credential:{credential.pk}:{day:%Y-%m-%d}:{_step(day, now)}",
            text=f"Credential “{credential.name}” of {credential.organization} expires on {_in_words(day)}",
            detail="Make a new secret at the platform and replace it here before then. Afterwards no job of the "
            "organization can sign in.",
            url=reverse("accounts:credential-detail", args=[credential.pk]),
            organization=credential.organization,
            role=Role.ADMIN,
        )


def _packages(now: datetime) -> Iterator[Expiry]:
    """One for each organization and day: an organization can publish thousands on one day."""
    due = Package.objects.filter(
        organization__deleted_at=None,
        status=PackageStatus.PUBLISHED,
        vanished_at=None,
        expires_at__gt=now,
        expires_at__lt=_end_of_steps(now),
    )
    rows = due.order_by("organization_id", "expires_at", "pk").values_list(
        "organization_id", "expires_at", "pk", "name", named=True
    )
    organizations = Organization.objects.in_bulk({row.organization_id for row in rows})
    for (pk, day), group in groupby(rows, key=lambda row: (row.organization_id, _day(row.expires_at))):
        packages = list(group)
        organization = organizations[pk]
        one = packages[0]
        if len(packages) == 1:
            name = f"package:{one.pk}"
            text = f"Package “{one.name}” of {organization} expires on {_in_words(day)}"
            detail = "It cannot be imported afterwards."
            url = reverse("promotions:package-detail", args=[one.pk])
        else:
            name = f"packages:{pk}"
            text = f"{len(packages)} packages of {organization} expire on {_in_words(day)}"
            detail = _listed([package.name for package in packages])
            # The list counts hours where the steps count days, so the next longer choice shows them all.
            within = next((step for step in STEPS if step > _step(day, now)), STEPS[-1])
            url = f"{reverse('promotions:package-list')}?{urlencode({'organization': pk, 'expiry': within})}"
        yield Expiry(
            key=f"{name}:{day:%Y-%m-%d}:{_step(day, now)}",
            text=text,
            detail=detail,
            url=url,
            organization=organization,
            role=Role.OPERATOR,
        )


def _listed(names: list[str]) -> str:
    rest = len(names) - NAMES_SHOWN
    more = [f"and {rest} more"] if rest > 0 else []
    return "\n".join(["They cannot be imported afterwards:", *(f"- {name}" for name in names[:NAMES_SHOWN]), *more])


def _end_of_steps(now: datetime) -> datetime:
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return today + timedelta(days=STEPS[-1] + 1)


def _step(day: date, now: datetime) -> int:
    """By whole days, so that what expires on one day moves from step to step together."""
    return next(step for step in STEPS if (day - now.date()).days <= step)


def _people(organizations: Collection[int]) -> Mapping[int, list[tuple[int, User]]]:
    """The active members of each organization with the rank of their role."""
    found: dict[int, list[tuple[int, User]]] = defaultdict(list)
    rows = Membership.objects.filter(organization__in=organizations, user__is_active=True).select_related("user")
    for row in rows:
        found[row.organization_id].append((ROLE_RANK[Role(row.role)], row.user))
    return found


def _able(members: list[tuple[int, User]], role: Role) -> list[User]:
    """Those of the organization; if it has nobody with the role, the administrators of this installation."""
    able = [person for rank, person in members if rank >= ROLE_RANK[role]]
    return able or list(User.objects.filter(is_superuser=True, is_active=True))


def _day(moment: datetime | None) -> date:
    if moment is None:
        raise TypeError("only what expires is looked at")
    return moment.astimezone(timezone.get_default_timezone()).date()


def _in_words(day: date) -> str:
    return date_format(day, "j F Y")

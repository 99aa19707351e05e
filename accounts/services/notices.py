"""Telling people: one row for each person, and one for each mail, which a worker sends after the commit.

Nothing here talks to a mail server. What is told stands in the transaction of what it tells of, so neither is lost
without the other.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.models import Notice, NoticePreference, Organization, User
from accounts.services import audit, mail
from clients.redaction import redact_text

COUNT_LIMIT = 100


@dataclass(frozen=True)
class NoticeKind:
    """Something people can be told of, and switch on and off."""

    name: str
    label: str
    explanation: str
    mail_by_default: bool = True


@dataclass(frozen=True)
class Choice:
    """How one person is told of one kind."""

    kind: NoticeKind
    in_app: bool
    mail: bool


_kinds: dict[str, NoticeKind] = {}


def register_kind(kind: NoticeKind) -> None:
    """Make a kind known; its name must be new."""
    if kind.name in _kinds:
        raise ValueError(f"A kind of notice {kind.name!r} is registered already.")
    _kinds[kind.name] = kind


def kinds() -> Sequence[NoticeKind]:
    return list(_kinds.values())


def kind_label(name: str) -> str:
    """The words for a kind; one that is no longer registered speaks for itself."""
    return _kinds[name].label if name in _kinds else name


# Telling


def notify(
    *,
    kind: str,
    people: Iterable[User],
    text: str,
    url: str,
    detail: str = "",
    key: str = "",
    organization: Organization | None = None,
) -> None:
    """Tell these people, each in the ways they chose; call it in the transaction of what it tells of.

    With a `key` nobody is told twice while the notice is open. `url` is a path of this installation. Deactivated
    people, and those who may not know of the organization, are left out; so is who wants neither way.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("People are told in the transaction of what they are told of.")
    if kind not in _kinds:
        raise ValueError(f"{kind!r} is not a registered kind of notice.")
    if not is_local(url):
        raise ValueError(f"{url!r} is not a path of this installation.")
    choices = _choices(_kinds[kind], people, organization)
    listed = {person for person, choice in choices.items() if choice.in_app}
    mailed = {person for person, choice in choices.items() if choice.mail and settings.CAN_SEND_MAIL}
    told = listed | mailed
    if key:
        told -= set(_open(kind, key, told).values_list("person_id", flat=True))
    if not told:
        return
    made = Notice.objects.bulk_create(
        (
            Notice(
                person_id=person,
                organization=organization,
                kind=kind,
                key=key,
                text=_one_line(text, 500),
                detail=_lines(detail),
                url=url,
                is_listed=person in listed,
            )
            for person in sorted(told)
        ),
        ignore_conflicts=bool(key),  # somebody else may tell the same thing at the same moment
    )
    by_person = {notice.person_id: notice.pk for notice in made}
    if key:  # a database that skips conflicts names no keys
        by_person = dict(_open(kind, key, told).values_list("person_id", "pk"))
    mail.plan([by_person[person] for person in sorted(told & mailed & by_person.keys())])


def _choices(kind: NoticeKind, people: Iterable[User], organization: Organization | None) -> dict[int, Choice]:
    """What each of those who may be told wants, by the person's key."""
    able = User.objects.filter(pk__in={person.pk for person in people}, is_active=True)
    if organization is not None:
        members = organization.memberships.values("user_id")
        able = able.filter(Q(is_superuser=True) | Q(pk__in=members)) if organization.deleted_at is None else able.none()
    found = list(able.values_list("pk", flat=True))
    chosen = NoticePreference.objects.filter(person__in=found, kind=kind.name).values_list(
        "person_id", "in_app", "mail"
    )
    default = Choice(kind, in_app=True, mail=kind.mail_by_default)
    return dict.fromkeys(found, default) | {
        person: Choice(kind, in_app=in_app, mail=mail) for person, in_app, mail in chosen
    }


def _open(kind: str, key: str, people: Iterable[int]) -> Any:
    return Notice.objects.filter(kind=kind, key=key, person__in=people, settled_at=None)


def is_local(url: str) -> bool:
    """Whether it is a path on this site, which cannot lead a reader elsewhere."""
    return url.startswith("/") and url_has_allowed_host_and_scheme(url, allowed_hosts=None)


def _one_line(text: str, limit: int) -> str:
    """Fit for a mail's subject: no line ends or control characters, no secrets."""
    plain = " ".join(_printable(redact_text(text)).split())
    return plain if len(plain) <= limit else f"{plain[: limit - 1]}…"


def _lines(text: str) -> str:
    return "\n".join(_printable(line).rstrip() for line in redact_text(text).splitlines()).strip()


def _printable(text: str) -> str:
    """Without characters that steer terminals, mail programs or databases."""
    return "".join(" " if unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") else sign for sign in text)


def settle(*, key: str, kind: str = "") -> None:
    """The thing is done: every open notice of this key (and kind) asks for nothing more, and its mail is not sent."""
    if not key:
        raise ValueError("Only notices with a key can be settled.")
    notices = Notice.objects.filter(key=key, settled_at=None)
    (notices.filter(kind=kind) if kind else notices).update(settled_at=timezone.now())


# Reading


def unread_count(user: User) -> int:
    """How many notices wait for the person, counted up to a limit."""
    return Notice.objects.listed_for(user).unread().order_by().values("pk")[:COUNT_LIMIT].count()


def in_words(count: int) -> str:
    """The count as screen readers say it."""
    if count >= COUNT_LIMIT:
        return f"{COUNT_LIMIT} or more unread notices"
    return f"{count or 'No'} unread {'notice' if count == 1 else 'notices'}"


def mark_read(*, notice: Notice) -> None:
    """Note that the person has looked; a second time changes nothing."""
    if Notice.objects.filter(pk=notice.pk, read_at=None).update(read_at=timezone.now()):
        notice.refresh_from_db(fields=["read_at"])


def mark_all_read(*, person: User) -> int:
    """The same for everything on the person's page; how many there were."""
    return Notice.objects.listed_for(person).unread().update(read_at=timezone.now())


# Preferences


def preferences(person: User) -> Sequence[Choice]:
    """What the person has chosen for each kind, or its default."""
    chosen = {row.kind: row for row in NoticePreference.objects.filter(person=person)}
    return [
        Choice(kind, in_app=chosen[kind.name].in_app, mail=chosen[kind.name].mail)
        if kind.name in chosen
        else Choice(kind, in_app=True, mail=kind.mail_by_default)
        for kind in kinds()
    ]


@transaction.atomic
def set_preferences(*, person: User, choices: Iterable[Choice], actor: User) -> None:
    """Keep what a person wants to be told of, and how; kinds that are not named stay as they are."""
    User.objects.select_for_update().get(pk=person.pk)
    before = {choice.kind.name: choice for choice in preferences(person)}
    changed = [choice for choice in choices if before[choice.kind.name] != choice]
    if not changed:
        return
    NoticePreference.objects.bulk_create(
        (
            NoticePreference(person=person, kind=choice.kind.name, in_app=choice.in_app, mail=choice.mail)
            for choice in changed
        ),
        update_conflicts=True,
        unique_fields=["person", "kind"],
        update_fields=["in_app", "mail"],
    )
    audit.record(
        audit.Verb.PROFILE_CHANGED,
        actor=actor,
        subject=person,
        details={"notices": {choice.kind.name: {"in_app": choice.in_app, "mail": choice.mail} for choice in changed}},
    )

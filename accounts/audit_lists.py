"""The record as every face reads it: one page, all of it in slices.

Who may see what, and what a list is narrowed by, decide which index is walked (accounts.keyset), so that a page of a
million lines costs what a page of a thousand does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import product
from typing import Any

from django.db import connection
from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL

from accounts import access, keyset
from accounts.choices import Role
from accounts.keyset import KeysetPage, Order, Walk
from accounts.models import AuditEvent, User
from accounts.search import postgresql_query, sqlite_match, words_of
from accounts.services.audit import verbs_of_group

NEWEST_FIRST = Order("sequence", is_descending=True, is_number=True)
# Lines are numbered when they are written and timed a moment before, so that times follow the numbers but for the
# clock's own steps. Lines whose clock was wrong by more than this are found by number, person or text.
CLOCK_TOLERANCE = timedelta(days=1)
NOWHERE = 2**63 - 1
FEW_MATCHES = 2000

_SEARCH = "accounts_auditevent_search"


@dataclass(frozen=True, kw_only=True)
class AuditFilters:
    """What to keep of the record; an empty value keeps everything. Times are aware, `until` excluded."""

    group: str = ""
    verb: str = ""
    organization_id: int | None = None
    actor_id: int | None = None
    subject_type: str = ""
    subject_id: str = ""
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""


@dataclass(frozen=True)
class AuditList:
    """The lines that a person may see, narrowed."""

    reader: User
    filters: AuditFilters

    def page(self, cursor: str = "", *, size: int = keyset.PAGE_SIZE) -> KeysetPage[AuditEvent]:
        """The page at a cursor, newest first."""
        return keyset.page(self._rows, NEWEST_FIRST, cursor, size=size, walks=self._walks, pick=self._pick)

    def slices(self, *, size: int) -> Iterator[list[int]]:
        """The numbers of all of them, newest first."""
        if self._pick is None:
            yield from keyset.slices(self._rows, NEWEST_FIRST, size=size, walks=self._walks)
            return
        found = self._pick(None, True, size)
        while found:
            yield found
            found = self._pick(found[-1], True, size)

    def count(self) -> tuple[int, bool]:
        """How many there are, counted up to a limit, and whether there are more."""
        limit = keyset.COUNT_LIMIT + 1
        if self._pick is not None:
            number = len(self._pick(None, True, limit))
        elif len(self._walks) > 1:
            number = 0
            for found in keyset.slices(self._rows, NEWEST_FIRST, size=limit, walks=self._walks):
                number = len(found)
                break
        else:
            walk = self._walks[0] if self._walks else {}
            number = self._rows.filter(**walk).order_by().values("pk")[:limit].count()
        return min(number, keyset.COUNT_LIMIT), number >= limit

    @cached_property
    def _rows(self) -> QuerySet[AuditEvent]:
        """What the filter leaves; who may see it is said here only where the walks do not say it."""
        wanted = self.filters
        if self._leads is None:
            rows = access.audit_events_for_read(self.reader)
            exact_ids = {"organization_id": wanted.organization_id, "actor_id": wanted.actor_id}
            rows = rows.filter(**{name: value for name, value in exact_ids.items() if value is not None})
        else:
            rows = AuditEvent.objects.all() if self._leads else AuditEvent.objects.none()
        if not self._verb_walks and self._verbs is not None:
            rows = rows.filter(verb__in=self._verbs)
        exact = {"subject_type": wanted.subject_type, "subject_id": wanted.subject_id}
        rows = rows.filter(**{name: value for name, value in exact.items() if value})
        return self._searched(self._between(rows))

    def _between(self, rows: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        """Lines of a time, by their numbers first: the lists go by number, and that is what keeps old times cheap."""
        first, last = self._numbers
        moments = {"at__gte": self.filters.since, "at__lt": self.filters.until}
        numbers = {"sequence__gte": first, "sequence__lte": last}
        return rows.filter(**{name: value for name, value in {**moments, **numbers}.items() if value is not None})

    @cached_property
    def _numbers(self) -> tuple[int | None, int | None]:
        """The first and the last line that the wanted time can hold; None where it has no end."""
        first = last = None
        events = AuditEvent.objects.values_list("sequence", flat=True)
        if (since := self.filters.since) is not None:
            found = events.filter(at__gte=since - CLOCK_TOLERANCE).order_by("at").first()
            first = NOWHERE if found is None else found
        if (until := self.filters.until) is not None:
            found = events.filter(at__lt=until + CLOCK_TOLERANCE).order_by("-at").first()
            last = 0 if found is None else found
        return first, last

    def _searched(self, rows: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        words = words_of(self.filters.text)
        if not words:
            return rows.none() if self.filters.text.strip() else rows
        if connection.vendor == "sqlite":
            return rows  # _pick walks the search index itself
        query = postgresql_query(words)
        first, last = self._numbers
        few = _few_matches(query, first or 0, NOWHERE if last is None else last)
        if few is not None:
            return rows.filter(pk__in=few)
        return rows.filter(RawSQL("search_vector @@ to_tsquery('simple', %s)", [query], BooleanField()))

    @cached_property
    def _pick(self) -> keyset.Pick | None:
        """On SQLite a search walks its own index from the newest line on: collecting every match first is not flat."""
        words = words_of(self.filters.text)
        if not words or connection.vendor != "sqlite":
            return None

        def pick(after: int | None, descending: bool, number: int) -> list[int]:
            inner = self._rows.filter(pk=RawSQL("found.rowid", [])).order_by().values("pk")
            text, parameters = inner.query.get_compiler(using=inner.db).as_sql()
            sign, order = ("<", "DESC") if descending else (">", "ASC")
            first, last = self._numbers
            bounds = [(">=", first), ("<=", last), (sign, after)]
            bounds = [(compared, value) for compared, value in bounds if value is not None]
            bounded = "".join(f"AND found.rowid {compared} %s " for compared, _ in bounds)
            statement = (
                f"SELECT found.rowid FROM {_SEARCH} AS found WHERE {_SEARCH} MATCH %s {bounded}"  # noqa: S608  ours
                f"AND EXISTS ({text}) ORDER BY found.rowid {order} LIMIT %s"
            )
            values = [value for _, value in bounds]
            with connection.cursor() as cursor:
                cursor.execute(statement, [sqlite_match(words), *values, *parameters, number])
                return [row[0] for row in cursor.fetchall()]

        return pick

    @cached_property
    def _verbs(self) -> list[str] | None:
        if self.filters.verb:
            return [self.filters.verb]
        return verbs_of_group(self.filters.group) if self.filters.group else None

    @cached_property
    def _leads(self) -> list[dict[str, Any]] | None:
        """Equalities that say who may see what; None where another index leads, or where they would be too many."""
        wanted = self.filters
        if words_of(wanted.text) or wanted.subject_id:
            return None
        person: dict[str, Any] = {} if wanted.actor_id is None else {"actor_id": wanted.actor_id}
        there: dict[str, Any] = {} if wanted.organization_id is None else {"organization_id": wanted.organization_id}
        if access.is_administrator(self.reader):
            return [{**person, **there}]
        ours = access.organizations_for_role(self.reader, Role.ADMIN).values_list("pk", flat=True)
        seen = [pk for pk in sorted(ours) if wanted.organization_id in (None, pk)]
        leads: list[dict[str, Any]] = [{**person, "organization_id": pk} for pk in seen]
        if wanted.actor_id in (None, self.reader.pk):
            leads.append({"actor_id": self.reader.pk, **there})
        return leads if len(leads) <= keyset.WALKS_LIMIT else None

    @cached_property
    def _verb_walks(self) -> list[Walk]:
        if self._verbs is None or not self._leads or len(self._leads) * len(self._verbs) > keyset.WALKS_LIMIT:
            return []
        return [{"verb": verb} for verb in self._verbs]

    @cached_property
    def _walks(self) -> Sequence[Walk]:
        return [{**lead, **verb} for lead, verb in product(self._leads or [], self._verb_walks or [{}])]


def _few_matches(query: str, first: int, last: int) -> list[int] | None:
    """Every line that matches, if they are few; None says that walking from the newest line on meets many soon."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sequence FROM accounts_auditevent WHERE search_vector @@ to_tsquery('simple', %s) "
            "AND sequence BETWEEN %s AND %s LIMIT %s",
            [query, first, last, FEW_MATCHES + 1],
        )
        found = [row[0] for row in cursor.fetchall()]
    return found if len(found) <= FEW_MATCHES else None

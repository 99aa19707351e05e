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
from django.db.models import QuerySet
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

_SEARCH = "accounts_auditevent_search"
_VECTOR = (  # the expression of the index, letter by letter
    "to_tsvector('simple', regexp_replace(subject_text || ' ' || reason || ' ' || actor_text, "
    "'[^[:alnum:]_]+', ' ', 'g')) @@ to_tsquery('simple', %s)"
)


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
        rows = AuditEvent.objects.all() if self._leads else access.audit_events_for_read(self.reader)
        if not self._verb_walks and self._verbs is not None:
            rows = rows.filter(verb__in=self._verbs)
        exact = {"subject_type": wanted.subject_type, "subject_id": wanted.subject_id}
        rows = rows.filter(**{name: value for name, value in exact.items() if value})
        if not self._leads:
            exact_ids = {"organization_id": wanted.organization_id, "actor_id": wanted.actor_id}
            rows = rows.filter(**{name: value for name, value in exact_ids.items() if value is not None})
        rows = _between(rows, wanted.since, wanted.until)
        return self._searched(rows)

    def _searched(self, rows: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        words = words_of(self.filters.text)
        if not words:
            return rows.none() if self.filters.text.strip() else rows
        if connection.vendor == "sqlite":
            return rows  # _pick walks the search index itself
        return rows.filter(pk__in=_matching(postgresql_query(words)))

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
            bound = f"AND found.rowid {sign} %s" if after is not None else ""
            statement = (
                f"SELECT found.rowid FROM {_SEARCH} AS found WHERE {_SEARCH} MATCH %s {bound} "  # noqa: S608  ours
                f"AND EXISTS ({text}) ORDER BY found.rowid {order} LIMIT %s"
            )
            bounds = [after] if after is not None else []
            with connection.cursor() as cursor:
                cursor.execute(statement, [sqlite_match(words), *bounds, *parameters, number])
                return [row[0] for row in cursor.fetchall()]

        return pick

    @cached_property
    def _verbs(self) -> list[str] | None:
        if self.filters.verb:
            return [self.filters.verb]
        return verbs_of_group(self.filters.group) if self.filters.group else None

    @cached_property
    def _leads(self) -> list[dict[str, Any]]:
        """Equalities that say who may see what; empty where none are needed or too many would be."""
        wanted = self.filters
        if words_of(wanted.text) or wanted.subject_id:
            return []
        person: dict[str, Any] = {} if wanted.actor_id is None else {"actor_id": wanted.actor_id}
        there: dict[str, Any] = {} if wanted.organization_id is None else {"organization_id": wanted.organization_id}
        if access.is_administrator(self.reader):
            return [{**person, **there}]
        ours = access.organizations_for_role(self.reader, Role.ADMIN).values_list("pk", flat=True)
        seen = [pk for pk in sorted(ours) if wanted.organization_id in (None, pk)]
        leads: list[dict[str, Any]] = [{**person, "organization_id": pk} for pk in seen]
        if wanted.actor_id in (None, self.reader.pk):
            leads.append({"actor_id": self.reader.pk, **there})
        return leads if len(leads) <= keyset.WALKS_LIMIT else []

    @cached_property
    def _verb_walks(self) -> list[Walk]:
        if self._verbs is None or not self._leads or len(self._leads) * len(self._verbs) > keyset.WALKS_LIMIT:
            return []
        return [{"verb": verb} for verb in self._verbs]

    @cached_property
    def _walks(self) -> Sequence[Walk]:
        return [{**lead, **verb} for lead, verb in product(self._leads, self._verb_walks or [{}])]


def _matching(query: str) -> RawSQL:
    return RawSQL(f"SELECT sequence FROM accounts_auditevent WHERE {_VECTOR}", [query])  # noqa: S608, S611  ours


def _between(rows: QuerySet[AuditEvent], since: datetime | None, until: datetime | None) -> QuerySet[AuditEvent]:
    """Lines of a time, by their numbers first: the lists go by number, and that is what keeps old times cheap."""
    events = AuditEvent.objects.order_by()
    if since is not None:
        first = events.filter(at__gte=since - CLOCK_TOLERANCE).order_by("at").values_list("sequence", flat=True).first()
        if first is None:
            return rows.none()
        rows = rows.filter(at__gte=since, sequence__gte=first)
    if until is not None:
        last = events.filter(at__lt=until + CLOCK_TOLERANCE).order_by("-at").values_list("sequence", flat=True).first()
        if last is None:
            return rows.none()
        rows = rows.filter(at__lt=until, sequence__lte=last)
    return rows

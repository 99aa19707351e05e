"""Lists of jobs as every face reads them: one page, all of it in slices, how many in each state.

What a list is narrowed by decides which index is walked. "One of several" organizations or states is walked once for
each and merged, so that a page costs the same whatever the number of jobs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from accounts.access import organizations_for_read
from accounts.models import Sandbox, User
from promotions import keyset
from promotions.choices import JobState
from promotions.keyset import KeysetPage, Walk
from promotions.models import Job
from promotions.queries import NEWEST_FIRST, JobFilters, filtered_jobs

NEWER_LIMIT = 99


@dataclass(frozen=True)
class StateCount:
    """How many jobs are in a state, counted up to a limit."""

    state: JobState
    number: int
    is_more: bool


@dataclass(frozen=True)
class JobList:
    """The jobs that a person may see, narrowed."""

    reader: User
    filters: JobFilters

    def page(self, jobs: QuerySet[Job], cursor: str = "", *, size: int = keyset.PAGE_SIZE) -> KeysetPage[Job]:
        """The page at a cursor; `jobs` says what is read of each row."""
        return keyset.page(self._narrowed(jobs), NEWEST_FIRST, cursor, size=size, walks=self._walks, read=jobs)

    def slices(self, *, size: int) -> Iterator[list[int]]:
        """The ids of all of them, newest first."""
        return keyset.slices(self._narrowed(Job.objects.all()), NEWEST_FIRST, size=size, walks=self._walks)

    def count(self) -> tuple[int, bool]:
        """How many there are, counted up to a limit, and whether there are more."""
        return keyset.capped_count(self._counted(self.filters))

    def newer(self, cursor: str) -> tuple[int, bool]:
        """How many came since the first row that the reader saw, counted up to a limit."""
        found = keyset.beyond(self._counted(self.filters), NEWEST_FIRST, cursor)
        number = found.order_by().values("pk")[: NEWER_LIMIT + 1].count()
        return min(number, NEWER_LIMIT), number > NEWER_LIMIT

    def is_empty(self) -> bool:
        return not self.page(Job.objects.only("pk", "created_at"), size=1).rows

    @property
    def can_count_states(self) -> bool:
        """Kind and origin stand in no index beside the state, so that counting could mean reading all rows."""
        return not self.filters.kind and self.filters.is_foreign is None

    def count_states(self) -> list[StateCount]:
        """How many jobs the list would hold in each state, whichever are chosen now; one query."""
        if not self._organizations:
            return [StateCount(state, 0, False) for state in JobState]
        limit = keyset.COUNT_LIMIT + 1
        texts, parameters = [], []
        for state in JobState:
            found = self._counted(replace(self.filters, states=(state.value,)))
            compiled = found.order_by().values("pk")[:limit].query.get_compiler(using=found.db).as_sql()
            texts.append(f"(SELECT COUNT(*) FROM ({compiled[0]}) AS found)")  # noqa: S608  Django's own text
            parameters += compiled[1]
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {', '.join(texts)}", parameters)
            numbers = cursor.fetchone()
        return [
            StateCount(state, min(number, keyset.COUNT_LIMIT), number > keyset.COUNT_LIMIT)
            for state, number in zip(JobState, numbers, strict=True)
        ]

    @cached_property
    def _organizations(self) -> list[int]:
        """Those of the reader that the filter keeps."""
        visible = organizations_for_read(self.reader)
        if self.filters.organization_id is not None:
            visible = visible.filter(pk=self.filters.organization_id)
        if self.filters.sandbox_id is not None:
            visible = visible.filter(pk__in=Sandbox.objects.filter(pk=self.filters.sandbox_id).values("organization"))
        return sorted(visible.values_list("pk", flat=True))

    @cached_property
    def _walks(self) -> Sequence[Walk]:
        leading, states = self._leading, self.filters.states
        if self._is_narrow:
            return []
        by_state: list[Walk] = [{"state": state} for state in states] if len(states) > 1 else [{}]
        walks: list[Walk] = [{**one, **other} for one, other in product(leading or [{}], by_state)]
        if len(walks) > keyset.WALKS_LIMIT:
            walks = by_state
        return walks if len(walks) > 1 else []

    @property
    def _leading(self) -> list[Mapping[str, Any]]:
        """What stands first in the index that serves the list."""
        if self.filters.sandbox_id is not None or self.filters.requested_by_id is not None:
            return []
        return [{"organization": pk} for pk in self._organizations] if len(self._organizations) > 1 else []

    @property
    def _is_narrow(self) -> bool:
        """Few jobs have to do with one package, so that sorting them costs nothing."""
        return self.filters.package_id is not None or self.filters.promotion_id is not None

    def _narrowed(self, jobs: QuerySet[Job]) -> QuerySet[Job]:
        filters = replace(self.filters, organization_id=None)
        if len(self.filters.states) > 1 and self._walks:
            filters = replace(filters, states=())
        return filtered_jobs(self._visible(jobs), filters)

    def _counted(self, filters: JobFilters) -> QuerySet[Job]:
        """For counting, no order matters and no walk helps; an index that holds every column named does."""
        return filtered_jobs(self._visible(Job.objects.all()), replace(filters, organization_id=None))

    def _visible(self, jobs: QuerySet[Job]) -> QuerySet[Job]:
        if len(self._organizations) == 1:
            return jobs.filter(organization=self._organizations[0])
        if not self._organizations:
            return jobs.none()
        return jobs.filter(organization__in=self._organizations)

"""The inbox: approvals, and partnerships that others ask for, by whose turn it is."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts.http import AuthenticatedRequest
from accounts.models import User
from promotions import access, keyset
from promotions.choices import PENDING_PARTNERSHIPS, ApprovalState, Direction
from promotions.forms.approvals import InboxForm
from promotions.models import Approval, Partnership, Plan, PlanItem
from promotions.services import consent, subjects
from promotions.sharing_lists import partnerships_waiting_for
from promotions.systems.base import system
from promotions.views.needs import decision_url

NEWEST = keyset.Order("requested_at", is_descending=True, is_time=True)
MINE, OTHERS, DONE = "mine", "others", "done"
TABS = {MINE: "Needs me", OTHERS: "Waiting on others", DONE: "Done"}
COUNT_LIMIT = 100
PARTNERSHIPS_SHOWN = 20


@dataclass
class Waiting:
    """How much waits for a person, counted up to a limit and only when somebody looks."""

    user: User

    @cached_property
    def all(self) -> int:
        """Everything of the inbox: approvals, and partnerships that others ask for."""
        approvals = consent.waiting_for(self.user).order_by().values("pk")[:COUNT_LIMIT].count()
        return min(COUNT_LIMIT, approvals + self._partnerships)

    @cached_property
    def sharing(self) -> int:
        """What of it is about sharing."""
        about_sharing = consent.waiting_for(self.user).filter(sharing__isnull=False)
        return min(COUNT_LIMIT, about_sharing.order_by().values("pk")[:COUNT_LIMIT].count() + self._partnerships)

    @cached_property
    def _partnerships(self) -> int:
        return partnerships_waiting_for(self.user).order_by().values("pk")[:COUNT_LIMIT].count()

    @property
    def key(self) -> str:
        """Changes with the numbers."""
        return f"{self.all}-{self.sharing}"


def in_words(number: int) -> str:
    """What a screen reader says of a number in the rail."""
    if number >= COUNT_LIMIT:
        return f"more than {COUNT_LIMIT - 1} wait for you"
    return f"{number} {'waits' if number == 1 else 'wait'} for you"


@dataclass(frozen=True)
class Card:
    """One approval of the list; `does` says of a plan what its run will do."""

    approval: Approval
    title: str
    url: str
    does: str


@login_required
@require_GET
def approval_list(request: AuthenticatedRequest) -> HttpResponse:
    """Newest first, by who has to act."""
    tab = request.GET.get("tab", MINE)
    tab = tab if tab in TABS else MINE
    form = InboxForm(request.GET, reader=request.user)
    found = _of_tab(tab, request.user)
    organization = form.cleaned_data["organization"] if form.is_valid() else None
    if organization is not None:
        found = found.filter(organization=organization)
    if not form.is_valid():
        found = found.none()
    cursor = request.GET.get("cursor", "")
    page = keyset.page(found, NEWEST, cursor)
    partners = _partnerships(tab, request.user)
    if organization is not None:
        partners = partners.filter(organization=organization)
    shown = list(partners.order_by("-remote_created_at", "-pk")[: PARTNERSHIPS_SHOWN + 1])
    if cursor or not form.is_valid():
        shown = []  # they stand before the first page
    kept = {"organization": organization.pk} if organization is not None else {}
    return render(
        request,
        "promotions/approvals/list.html",
        {
            "tab": tab,
            "tabs": [(words, _url(tab=name, **kept), name == tab) for name, words in TABS.items()],
            "cards": _cards(page.rows),
            "partnerships": shown[:PARTNERSHIPS_SHOWN],
            "is_more_partnerships": len(shown) > PARTNERSHIPS_SHOWN,
            "form": form,
            "is_filtered": bool(request.GET.get("organization")),
            "unfiltered_url": _url(tab=tab),
            "newer_url": _url(tab=tab, **kept, cursor=page.newer) if page.newer else "",
            "older_url": _url(tab=tab, **kept, cursor=page.older) if page.older else "",
        },
        status=200 if form.is_valid() else 422,
    )


def _url(**query: object) -> str:
    return f"{reverse('promotions:approval-list')}?{urlencode(query)}"


def _of_tab(tab: str, user: User) -> QuerySet[Approval]:
    visible = access.approvals_for_read(user)
    if tab == MINE:
        return visible.filter(pk__in=consent.waiting_for(user).values("pk"))
    if tab == OTHERS:
        pending = visible.filter(state=ApprovalState.PENDING)
        return pending.exclude(pk__in=consent.waiting_for(user).values("pk"))
    return visible.exclude(state=ApprovalState.PENDING)


def _partnerships(tab: str, user: User) -> QuerySet[Partnership]:
    """What partners ask of us, and what we ask of them."""
    visible = access.partnerships_for_read(user).filter(vanished_at=None)
    mine = partnerships_waiting_for(user)
    if tab == MINE:
        return visible.filter(pk__in=mine.values("pk"))
    pending = Q(status__in=PENDING_PARTNERSHIPS)
    if tab == OTHERS:
        return visible.filter(pending).exclude(pk__in=mine.values("pk"))
    return visible.exclude(pending).filter(direction=Direction.INCOMING)


def _cards(listed: Iterable[Approval]) -> list[Card]:
    """With their numbers, in one query more whatever the number of approvals."""
    listed = list(listed)
    numbers: defaultdict[int, Counter[str]] = defaultdict(Counter)
    rows = PlanItem.objects.filter(plan__in=[approval.plan_id for approval in listed if approval.plan_id])
    for plan, decision, number in (
        rows.order_by()
        .values_list("plan_id", "decision")
        .annotate(number=Count("pk"))
        .values_list("plan_id", "decision", "number")
    ):
        numbers[plan][decision] = number
    return [
        Card(
            approval,
            title=subjects.of(approval.subject).title(approval.subject),
            url=decision_url(approval),
            does=_does(approval.plan, numbers[approval.plan.pk]) if approval.plan else "",
        )
        for approval in listed
    ]


def _does(plan: Plan, numbers: Mapping[str, int]) -> str:
    return system(plan.promotion.system).will_do(plan.promotion, numbers)


@login_required
@require_GET
def approval_badge(request: AuthenticatedRequest) -> HttpResponse:
    """The numbers in the rail; nothing (204) while they would look as they do."""
    if not request.htmx:
        return redirect("promotions:approval-list")
    waiting = Waiting(request.user)
    if request.GET.get("shown") == waiting.key:
        return HttpResponse(status=204)
    asking = {"place": "approvals", "count": waiting.all, "count_text": in_words(waiting.all)}
    asking["url"] = f"{reverse('promotions:approval-badge')}?shown={waiting.key}"
    along = {"place": "sharing", "count": waiting.sharing, "count_text": in_words(waiting.sharing)}
    return render(request, "promotions/approvals/_badges.html", {"asking": asking, "along": along})

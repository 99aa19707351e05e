"""What the frame around every page shows: places, the organization scope, the person's menu."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from accounts.choices import OrganizationKind
from accounts.models import Organization, User
from accounts.services import notices
from promotions.views import inbox

APPROVALS = "promotions:approval-list"
SHARING = "promotions:sharing-list"
API_VERSIONS = "promotions:api-version-list"
# Name, icon, URL name, and the nouns whose pages belong to the place (the part of a URL name before its dash).
PLACES = (
    ("Home", "home", "promotions:home", {"home"}),
    ("Packages", "package", "promotions:package-list", {"package", "promotion", "plan", "group"}),
    ("Journeys", "journey", "promotions:journey-list", {"journey"}),
    ("Decisioning", "tree", "promotions:decisioning-list", {"decisioning"}),
    ("APIs", "api", API_VERSIONS, {"api", "archive"}),
    ("Sharing", "share", SHARING, {"sharing", "share", "partnership", "transfer", "pull"}),
    ("Approvals", "approval", APPROVALS, {"approval"}),
    ("Jobs", "job", "promotions:job-list", {"job", "view"}),
    ("Audit", "audit", "accounts:audit-list", {"audit"}),
    ("Settings", "settings", "accounts:settings-index", set[str]()),
)
# A phone's bar has room for these, and a menu with the rest.
ON_BAR = {"Home", "Packages", "Sharing", "Approvals"}
PERSON_PAGES = (
    ("Profile", "person", "accounts:profile-edit"),
    ("API tokens", "key", "accounts:api-token-list"),
    ("Change password", "lock", "account_change_password"),
)
# Pages of accounts that belong to no place of the rail: the bell in the top bar leads there.
PLACELESS = {"notice"}
MAX_SCOPES = 30


@dataclass(frozen=True)
class Link:
    """One entry of the rail or of a menu."""

    name: str
    url: str
    icon: str
    is_current: bool = False
    is_on_bar: bool = True
    badge: "Badge | None" = None


@dataclass
class Badge:
    """How much waits for the reader at a place, counted only if the page shows the rail."""

    waiting: inbox.Waiting
    place: str

    @property
    def count(self) -> int:
        return self.waiting.sharing if self.place == "sharing" else self.waiting.all

    @property
    def count_text(self) -> str:
        return inbox.in_words(self.count)

    @property
    def url(self) -> str:
        """Where the first of the badges asks for news of all; the others come along."""
        return f"{_resolve('promotions:approval-badge')}?shown={self.waiting.key}" if self.place == "approvals" else ""


@dataclass
class Bell:
    """The reader's unread notices, counted only if the page shows them."""

    user: User

    @cached_property
    def count(self) -> int:
        return notices.unread_count(self.user)

    @property
    def count_text(self) -> str:
        return notices.in_words(self.count)


@dataclass
class Scope:
    """The organizations a person may look at, read from the database only if the page shows them."""

    user: User
    wanted: str
    url: str = field(default="")
    urls: Mapping[str, str] = field(default_factory=dict)
    """The list to look at by kind of organization, where it is not `url`."""

    @cached_property
    def organizations(self) -> list[Organization]:
        return list(Organization.objects.visible_to(self.user)[:MAX_SCOPES])

    @cached_property
    def current(self) -> Organization | None:
        """The one that the page's filter names."""
        return next((one for one in self.organizations if str(one.pk) == self.wanted), None)

    @property
    def ways(self) -> list[tuple[Organization, str]]:
        """Each organization, and the list narrowed to it: of what that kind has, whatever the page is about."""
        return [(one, f"{self.urls.get(one.kind, self.url)}?organization={one.pk}") for one in self.organizations]

    @property
    def searched(self) -> Organization | None:
        """To which the search is narrowed: only what the list that is searched can hold."""
        one = self.current
        return one if one is not None and self.urls.get(one.kind, self.url) == self.url else None


def shell(request: HttpRequest) -> dict[str, object]:
    """Context of the frame; empty for people who have not signed in."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return {"places": []}
    list_url, what = _list_of(request)
    return {
        "places": _places(request, user),
        "person_pages": [Link(name, url, icon) for name, icon, url_name in PERSON_PAGES if (url := _resolve(url_name))],
        "scope": Scope(
            user=user, wanted=request.GET.get("organization", ""), url=list_url, urls=_lists_of_kinds(list_url)
        ),
        "search_url": list_url,
        "search_label": f"Search {what}",
        "bell": Bell(user) if _resolve("accounts:notice-list") else None,
    }


def _list_of(request: HttpRequest) -> tuple[str, str]:
    """Where the search and the organization scope of the top bar lead, and what is found there."""
    match = request.resolver_match
    noun = (match.url_name or "").partition("-")[0] if match is not None else ""
    if noun == "journey":
        return _resolve("promotions:journey-list"), "journeys"
    if noun in ("api", "archive"):
        return _resolve(API_VERSIONS), "API versions"
    return _resolve("promotions:package-list"), "packages"


def _lists_of_kinds(list_url: str) -> dict[str, str]:
    """Where organizations lead that the page's own list cannot hold."""
    api_url = _resolve(API_VERSIONS)
    adobe_url = _resolve("promotions:package-list") if list_url == api_url else list_url
    return {OrganizationKind.ADOBE: adobe_url, OrganizationKind.SNAPLOGIC: api_url}


def _places(request: HttpRequest, user: User) -> list[Link]:
    match = request.resolver_match
    noun = (match.url_name or "").partition("-")[0] if match else ""
    namespace = match.namespace if match else ""
    waiting = inbox.Waiting(user)
    claimed = set().union(*(nouns for _, _, _, nouns in PLACES))
    links = []
    for name, icon, url_name, nouns in PLACES:
        url = _resolve(url_name)
        if not url:
            continue
        # Settings holds every page of accounts that no other place claims.
        is_rest = not nouns and namespace == "accounts" and noun not in claimed | PLACELESS
        place = {APPROVALS: "approvals", SHARING: "sharing"}.get(url_name)
        badge = Badge(waiting, place) if place else None
        is_current = noun in nouns or is_rest
        links.append(Link(name, url, icon, is_current=is_current, is_on_bar=name in ON_BAR, badge=badge))
    return links


def _resolve(url_name: str) -> str:
    """The URL, or nothing while no such page exists."""
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return ""

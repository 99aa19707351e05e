"""What commands name: people, packages, journeys, sandboxes. Raises LookupError with a sentence."""

from collections.abc import Sequence

from accounts import access
from accounts.models import Organization, Sandbox, User
from promotions.management import following
from promotions.models import Journey, Package

FOUND_AT_MOST = 20


def person(email: str) -> User:
    user = User.objects.filter(email__iexact=email, is_active=True).first()
    if user is None:
        raise LookupError(f"There is no active person {email}.")
    return user


def organization(user: User, name: str) -> Organization:
    """The one that this person may see, by name or organization id."""
    return following.organizations_named([name], list(access.organizations_for_read(user)))[0]


def package(user: User, wanted: str, organization_names: Sequence[str]) -> Package:
    """By remote id or exact name, in these organizations or in any that the person may see."""
    organizations = _organizations(user, organization_names)
    packages = Package.objects.visible_to(user).filter(organization__in=organizations)
    packages = packages.select_related("organization")
    named = packages.filter(name=wanted, vanished_at=None)
    found = list(packages.filter(remote_id=wanted)) or list(named[:FOUND_AT_MOST])
    if not found:
        raise LookupError(
            f"No package “{wanted}” is known in {_names(organizations)}. Names must match exactly; "
            "manage.py sync_packages reads what is new."
        )
    if len(found) > 1:
        lines = "\n".join(
            f"  {one.remote_id}  {one.organization}  {one.status_label}  {one.remote_created_at:%Y-%m-%d}"
            for one in found
        )
        raise LookupError(f"Several packages are named “{wanted}”. Use an id:\n{lines}")
    return found[0]


def journey(user: User, wanted: str, organization_names: Sequence[str], sandbox_name: str) -> Journey:
    """By id or exact name, in these organizations or in any that the person may see, in one sandbox or in all."""
    organizations = _organizations(user, organization_names)
    journeys = Journey.objects.visible_to(user).filter(organization__in=organizations)
    if sandbox_name:
        journeys = journeys.filter(sandbox__name=sandbox_name)
    journeys = journeys.select_related("organization", "sandbox__organization").defer("raw", "outline")
    found = list(journeys.filter(uid=wanted)) or list(journeys.filter(name=wanted, vanished_at=None)[:FOUND_AT_MOST])
    if not found:
        where = f"{_names(organizations)}{f', sandbox {sandbox_name}' if sandbox_name else ''}"
        raise LookupError(
            f"No journey “{wanted}” is known in {where}. Names must match exactly; manage.py sync_journeys reads what "
            "is new."
        )
    if len(found) > 1:
        lines = "\n".join(
            f"  {one.uid}  {one.organization}/{one.sandbox.name}  {one.get_state_display()}  {one.latest_version}"
            for one in found
        )
        raise LookupError(
            f"Several journeys are named “{wanted}”. Use an id, --organization or --source-sandbox:\n{lines}"
        )
    return found[0]


def sandbox(user: User, organization: Organization, name: str) -> Sandbox:
    sandboxes = access.sandboxes_for_read(user).filter(organization=organization).select_related("organization")
    found = sandboxes.filter(name=name).first()
    if found is None:
        known = ", ".join(sandboxes.values_list("name", flat=True)) or "none"
        raise LookupError(f"{organization} has no sandbox “{name}”. Known: {known}.")
    return found


def target(user: User, home: Organization, said: str) -> Sandbox:
    """A sandbox by name, of this organization unless another stands before a slash."""
    name, _, sandbox_name = said.rpartition("/")
    return sandbox(user, organization(user, name) if name else home, sandbox_name)


def _organizations(user: User, names: Sequence[str]) -> list[Organization]:
    visible = list(access.organizations_for_read(user))
    return following.organizations_named(names, visible) if names else visible


def _names(organizations: Sequence[Organization]) -> str:
    return ", ".join(str(one) for one in organizations) or "any organization that you may see"

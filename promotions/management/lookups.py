"""What commands name on their command line: people and packages. Raises LookupError with a sentence."""

from collections.abc import Sequence

from accounts import access
from accounts.models import Organization, User
from promotions.management import following
from promotions.models import Package


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
    visible = list(access.organizations_for_read(user))
    organizations = following.organizations_named(organization_names, visible) if organization_names else visible
    packages = Package.objects.visible_to(user).filter(organization__in=organizations)
    packages = packages.select_related("organization")
    found = list(packages.filter(remote_id=wanted)) or list(packages.filter(name=wanted, vanished_at=None)[:20])
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


def _names(organizations: Sequence[Organization]) -> str:
    return ", ".join(str(one) for one in organizations) or "any organization that you may see"

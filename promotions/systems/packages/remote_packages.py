"""Reading an organization's list of packages, and whether one of them is gone."""

from collections.abc import Callable
from datetime import datetime

from clients.errors import ApiNotFoundError, ApiRejectedError
from clients.sandbox_tooling import RemotePackage, SandboxToolingClient
from promotions.systems import listing
from promotions.systems.listing import Listing

PAGE_SIZE = 100


def newest_first(
    client: SandboxToolingClient, *, since: datetime | None, on_page: Callable[[int], object] = lambda rows: None
) -> Listing[RemotePackage]:
    """Packages back to `since`, or all of them."""
    return listing.newest_first(client.all_packages(limit=PAGE_SIZE), since=since, on_page=on_page)


def find(client: SandboxToolingClient, package_id: str) -> RemotePackage | None:
    """One package; None if it is gone.

    Some revisions of the API refuse an unknown id as a bad request (Adobe, OpenAPI file of sandbox tooling): what is
    refused and in no row of the whole list is gone, too.
    """
    try:
        return client.get_package(package_id)
    except ApiNotFoundError:
        return None
    except ApiRejectedError:
        found = newest_first(client, since=None)
        if not found.is_complete or any(row.id == package_id for row in found.rows):
            raise
        return None

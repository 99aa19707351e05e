"""Where the further services of an organization are, and which dialect of its contract each speaks."""

from collections.abc import Mapping
from typing import Any

from accounts import remote_services
from accounts.errors import RefusedError
from accounts.models import Organization
from accounts.remote_hosts import ForbiddenUrlError, check_service_url
from accounts.remote_services import RemoteService

URL_LENGTH = 300
SERVICE_URLS, SERVICE_DIALECTS = "service_urls", "service_dialects"


def checked(before: Organization, urls: Mapping[str, str], dialects: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Both columns, with these wishes, as they are to be kept: only what differs from the default.

    What is not named stays; an empty URL or dialect puts a service back to its default. Raises RefusedError.
    """
    spoken = _checked_dialects(before, dialects)
    return {SERVICE_URLS: _checked_urls(before, urls, spoken), SERVICE_DIALECTS: spoken}


def differences(before: Organization, wanted: Mapping[str, dict[str, str]]) -> tuple[dict[str, Any], bool]:
    """What becomes of each further service, in full URLs, and whether one of them moves to another URL."""
    after = Organization(kind=before.kind, **wanted)
    found: dict[str, Any] = {}
    is_moved = False
    for service in remote_services.services_of(before.kind):
        url = {"from": before.service_url(service.name), "to": after.service_url(service.name)}
        dialect = {"from": before.service_dialect(service.name), "to": after.service_dialect(service.name)}
        if dialect["from"] != dialect["to"]:
            found[f"{service.name}_dialect"] = dialect
        if url["from"] != url["to"]:
            found[f"{service.name}_url"] = url
            is_moved = True
    return found, is_moved


def _checked_dialects(before: Organization, wanted: Mapping[str, str]) -> dict[str, str]:
    kept: dict[str, str] = dict(before.service_dialects)
    for name, dialect in wanted.items():
        field = f"{SERVICE_DIALECTS}.{name}"
        service = _service(before, name, field)
        known = [one.name for one in service.dialects]
        if dialect and dialect not in known:
            choice = f"Choose {' or '.join(known)}." if known else "It has none to choose from; leave it out."
            raise RefusedError(f"The service {name} has no dialect {dialect[:50]}. {choice}", field=field)
        kept.pop(name, None)
        if dialect and dialect != known[0]:
            kept[name] = dialect
    return kept


def _checked_urls(before: Organization, wanted: Mapping[str, str], dialects: Mapping[str, str]) -> dict[str, str]:
    kept: dict[str, str] = dict(before.service_urls)
    for name, url in wanted.items():
        field = f"{SERVICE_URLS}.{name}"
        service = _service(before, name, field)
        try:
            is_default = url in ("", service.default_in(dialects.get(name, "")))
            plain = "" if is_default else check_service_url(url, allows_path=service.allows_path)
        except ForbiddenUrlError as exc:
            raise RefusedError(str(exc), field=field) from exc
        if len(plain) > URL_LENGTH:
            raise RefusedError(f"A service URL has at most {URL_LENGTH} characters.", field=field)
        kept[name] = plain
    services = remote_services.services_of(before.kind)
    defaults = {one.name: one.default_in(dialects.get(one.name, "")) for one in services}
    return {name: url for name, url in kept.items() if url and url != defaults.get(name)}


def _service(organization: Organization, name: str, field: str) -> RemoteService:
    try:
        service = remote_services.named(name)
    except KeyError:
        raise RefusedError(f"There is no service {name[:50]}.", field=field) from None
    if service.kind != organization.kind:
        raise RefusedError(
            f"Organizations of {organization.get_kind_display()} have no service {name}. Leave it out.", field=field
        )
    return service

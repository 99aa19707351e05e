"""Which hosts an organization's service URLs may name."""

import ipaddress
import re
from urllib.parse import urlsplit

from django.conf import settings

from accounts.vendors import DEFAULT_PLATFORM_URL

_HOST = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
_SEGMENT = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._~-]+")
_ODD = re.compile(r"[\s\\\x00-\x1f\x7f]")


class ForbiddenUrlError(ValueError):
    """A service URL that this installation must not send credentials to; the text says why."""


def is_loopback(host: str) -> bool:
    """Whether the host is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_admitted(host: str) -> bool:
    """Whether ALLOWED_REMOTE_HOSTS names the host itself, or a domain above it with a leading dot."""
    for entry in settings.ALLOWED_REMOTE_HOSTS:
        allowed = entry.lower()
        if host == allowed or (allowed.startswith(".") and host.endswith(allowed) and host != allowed[1:]):
            return True
    return False


def check_service_url(url: str, *, allows_path: bool = False, example: str = DEFAULT_PLATFORM_URL) -> str:
    """The URL in its plain form, without a trailing slash; raises ForbiddenUrlError with the reason.

    Standard ports only, except on loopback: another port of an admitted host may be somebody else's program.
    """
    if _ODD.search(url):
        raise ForbiddenUrlError("The URL holds a space, a backslash or a control character.")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise ForbiddenUrlError(f"This is not a URL. Write it like {example}.") from None
    if parts.scheme not in ("https", "http") or not host:
        raise ForbiddenUrlError(f"This is not a URL. Write it like {example}.")
    if "@" in parts.netloc:
        raise ForbiddenUrlError("A service URL holds no user name. Leave out what stands before the @.")
    path = _checked_path(parts.path, url) if allows_path else ""
    if not allows_path and (parts.path not in ("", "/") or parts.query or parts.fragment):
        raise ForbiddenUrlError("A service URL ends with its host. Leave out everything after it.")
    if is_loopback(host):
        if not settings.IS_LOOPBACK_REMOTE_ALLOWED:
            raise ForbiddenUrlError(
                f"{host} is this machine. Only a demo installation may talk to a service on its own machine."
            )
        shown = f"[{host}]" if ":" in host else host
        address = shown if port is None else f"{shown}:{port}"
        return f"{parts.scheme}://{address}{path}"
    if parts.scheme != "https":
        raise ForbiddenUrlError("Service URLs must begin with https://, since secrets are sent to them.")
    if port not in (None, 443):
        raise ForbiddenUrlError(f"Port {port} is not used by the vendors' services. Leave it out.")
    if not _HOST.fullmatch(host) or not is_admitted(host):
        raise ForbiddenUrlError(
            f"{host} is not among the hosts this installation may talk to. "
            f"Ask whoever runs it to add the host to ALLOWED_REMOTE_HOSTS."
        )
    return f"https://{host}{path}"


def _checked_path(path: str, url: str) -> str:
    """What stands after the host, with one slash before each part."""
    if "?" in url or "#" in url:
        raise ForbiddenUrlError("A service URL ends with its path. Leave out everything from ? or # on.")
    parts = [part for part in path.split("/") if part]
    odd = next((part for part in parts if not _SEGMENT.fullmatch(part)), "")
    if odd:
        raise ForbiddenUrlError(
            f"{odd[:50]} cannot be part of a service URL. Its path is made of letters, digits, dots, hyphens, "
            "underscores and tildes."
        )
    return "".join(f"/{part}" for part in parts)

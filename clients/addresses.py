"""Where secrets may be sent, and what may stand in a header."""

import ipaddress
import re

import httpx


def checked_base_url(url: str, *, example: str = "https://platform.adobe.io") -> str:
    """The URL in its tidy form; raises ValueError unless it is https, or http to this very machine."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as exc:
        raise ValueError(f"The service URL cannot be read: {exc}. Enter one such as {example}.") from exc
    if parsed.scheme not in ("http", "https") or not _is_host(parsed.raw_host.decode("ascii")):
        raise ValueError(f"The service URL must begin with https:// and name a host, such as {example}.")
    if parsed.userinfo:
        raise ValueError("The service URL must not hold a user name or password. Enter the credential separately.")
    if parsed.query or parsed.fragment:
        raise ValueError("The service URL must end with its host or path, without ? or #.")
    if parsed.scheme == "http" and not _is_loopback(parsed.host):
        raise ValueError(f"Plain http to {parsed.host} would show the access token to others. Use https.")
    return tidied(url)


def tidied(url: str) -> str:
    """The URL without slashes at its end and without doubled ones in its path."""
    scheme, separator, rest = url.partition("://")
    return f"{scheme}{separator}{re.sub('/{2,}', '/', rest)}".rstrip("/")


def checked_header(name: str, value: str) -> str:
    """The value; raises ValueError if it cannot be a header."""
    if not value or not value.isascii() or not value.isprintable() or value != value.strip():
        raise ValueError(f"{name} must be plain text without blanks at its ends, not {value!r}.")
    return value


def _is_host(host: str) -> bool:
    try:
        return bool(ipaddress.ip_address(host))
    except ValueError:
        return re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", host) is not None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

"""System checks: a wrong deployment fails at start, with a hint."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from accounts.choices import OrganizationKind
from accounts.remote_hosts import ForbiddenUrlError, check_service_url
from accounts.remote_services import services_of
from accounts.vendors import VENDORS


@register(Tags.security)
def check_remote_hosts(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Entries must be bare host names: a scheme, port or wildcard would silently never match."""
    problems: list[CheckMessage] = [
        Error(
            f"ALLOWED_REMOTE_HOSTS holds {host!r}, which is not a host name.",
            hint="Write a host (platform.adobe.io), or a leading dot for all hosts below a domain (.adobe.io).",
            id="accounts.E001",
        )
        for host in settings.ALLOWED_REMOTE_HOSTS
        if not host.strip(".") or any(sign in host for sign in "/:*@ ") or host.strip(".").count(".") < 1
    ]
    # Not those of SnapLogic: whoever has no environment there leaves its hosts out on purpose.
    adobe = OrganizationKind.ADOBE
    defaults = dict.fromkeys((VENDORS[adobe].sign_in_url, VENDORS[adobe].platform_url), False)
    for service in services_of(adobe):
        for url in (service.default, *(dialect.default for dialect in service.dialects)):
            defaults[url] = service.allows_path
    for url, allows_path in defaults.items():
        try:
            check_service_url(url, allows_path=allows_path)
        except ForbiddenUrlError:
            problems.append(
                Warning(
                    f"ALLOWED_REMOTE_HOSTS does not admit {url}, a default URL of organizations.",
                    hint="Add its host unless this installation only talks to other environments.",
                    id="accounts.W001",
                )
            )
    return problems

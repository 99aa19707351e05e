"""Services of a remote organization beside its platform and sign-in service; the apps above name them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RemoteService:
    """One service with a URL of its own; `allows_path` if that URL may go on after the host."""

    name: str
    label: str
    default: str
    help: str = ""
    allows_path: bool = False


_services: dict[str, RemoteService] = {}


def register_service(service: RemoteService) -> None:
    """Add a service; raises ValueError if another one has its name."""
    if _services.setdefault(service.name, service) != service:
        raise ValueError(f"Another service is registered as {service.name}.")


def named(name: str) -> RemoteService:
    """One service; raises KeyError if nobody registered it."""
    return _services[name]


def all_services() -> tuple[RemoteService, ...]:
    """Every service, in the order of registration."""
    return tuple(_services.values())

"""Services of a remote organization beside its platform and sign-in service; the apps above name them."""

from dataclasses import dataclass

from accounts.choices import OrganizationKind


@dataclass(frozen=True)
class Dialect:
    """One revision of a service's contract, and the URL of the service that speaks it unless an admin names another."""

    name: str
    label: str
    default: str


@dataclass(frozen=True)
class RemoteService:
    """One service with a URL of its own; `allows_path` if that URL may go on after the host.

    Only organizations of its kind have it.
    A service that speaks several revisions of its contract names them as `dialects`; an admin chooses one per
    organization. The first is the default, and so is its URL: `default` may then be left out.
    """

    name: str
    label: str
    default: str = ""
    help: str = ""
    allows_path: bool = False
    dialects: tuple[Dialect, ...] = ()
    kind: OrganizationKind = OrganizationKind.ADOBE

    def __post_init__(self) -> None:
        if self.dialects:
            first = self.dialects[0].default
            if self.default not in ("", first):
                raise ValueError(f"The default of {self.name} is not the one of its first dialect.")
            if len({dialect.name for dialect in self.dialects}) < len(self.dialects):
                raise ValueError(f"Two dialects of {self.name} have one name.")
            object.__setattr__(self, "default", first)
        if not self.default:
            raise ValueError(f"The service {self.name} has no default URL.")

    @property
    def dialect_label(self) -> str:
        """How the choice among the dialects is called."""
        return f"{self.label.removesuffix(' URL')} revision"

    def spoken(self, dialect: str) -> Dialect | None:
        """The named dialect, or the first if there is none of that name; None for a service without dialects."""
        first = self.dialects[0] if self.dialects else None
        return next((one for one in self.dialects if one.name == dialect), first)

    def default_in(self, dialect: str) -> str:
        """The URL of the service that speaks this dialect, unless an admin names another."""
        spoken = self.spoken(dialect)
        return spoken.default if spoken else self.default


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


def services_of(kind: str) -> tuple[RemoteService, ...]:
    """Those that organizations of this kind have."""
    return tuple(service for service in _services.values() if service.kind == kind)

"""One call as the emulated services see it, and the table that finds who answers it."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Request

from emulator.answers import Answer, refused_by_exim, refused_for_content_type
from emulator.snaplogic_things import SnapOrg, SnapUser
from emulator.things import Credential, Organization
from emulator.world import World


@dataclass(frozen=True)
class Directive:
    """Something a fault wants of the work that a call starts."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Call:
    """A request on its way through an area."""

    world: World
    request: Request
    path: str  # slashes collapsed, none at the end
    params: Mapping[str, str] = field(default_factory=dict)
    directives: Sequence[Directive] = ()
    credential: Credential | None = None
    organization: Organization | None = None
    sandbox_name: str = ""
    snaplogic_org: SnapOrg | None = None
    snaplogic_user: SnapUser | None = None

    @property
    def args(self) -> MultiDict[str, str]:
        return self.request.args

    @property
    def caller(self) -> Credential:
        assert self.credential is not None, "The gateway sets the caller."  # noqa: S101 (told to mypy, never false)
        return self.credential

    @property
    def org(self) -> Organization:
        assert self.organization is not None, "The gateway sets the organization."  # noqa: S101 (the same)
        return self.organization

    def json(self) -> Any:
        """The body; refused as the platform refuses a wrong content type or a body that is not JSON."""
        if self.request.mimetype != "application/json":
            raise refused_for_content_type()
        try:
            return json.loads(self.request.get_data(cache=True))
        except (ValueError, RecursionError):
            raise refused_by_exim(400, "Request body is missing or is not valid JSON") from None

    def json_object(self) -> dict[str, Any]:
        body = self.json()
        if not isinstance(body, dict):
            raise refused_by_exim(400, "Request body must be a JSON object")
        return body

    def arg_any_case(self, name: str) -> str | None:
        """A query parameter whatever its case: orderby and orderBy are both documented."""
        wanted = name.casefold()
        return next((value for key, value in self.args.items(multi=True) if key.casefold() == wanted), None)


Handler = Callable[[Call], Answer]


@dataclass(frozen=True)
class Route:
    """Methods, a path with {names}, and the function that answers."""

    methods: frozenset[str]
    pattern: re.Pattern[str]
    handler: Handler


def route(methods: str, path: str, handler: Handler) -> Route:
    pattern = "".join(
        f"(?P<{part[1:-1]}>[^/]+)" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{\w+\})", path)
    )
    return Route(frozenset(methods.split()), re.compile(f"{pattern}\\Z"), handler)


@dataclass(frozen=True)
class Match:
    """The route of a path, or the methods the path would answer to."""

    route: Route | None
    params: Mapping[str, str]
    allowed: frozenset[str]


def find_route(routes: Iterable[Route], method: str, path: str) -> Match:
    """The first route that fits: put fixed words before {names}."""
    allowed: set[str] = set()
    for candidate in routes:
        if found := candidate.pattern.match(path):
            if method in candidate.methods:
                return Match(candidate, found.groupdict(), candidate.methods)
            allowed |= candidate.methods
    return Match(None, {}, frozenset(allowed))

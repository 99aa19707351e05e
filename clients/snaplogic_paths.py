"""Where an API version lies, and the names it is made of."""

import unicodedata
from dataclasses import dataclass
from urllib.parse import quote

_SPACE = "apim"


@dataclass(frozen=True)
class VersionPath:
    """`{org}/apim/{api}/{version}`; case counts (SnapLogic, public API, "Import an API version").

    Raises ValueError, with a sentence, for a name that cannot stand in a path.
    """

    org: str
    api: str
    version: str

    def __post_init__(self) -> None:
        for what, name in (("environment", self.org), ("API", self.api), ("version", self.version)):
            checked_name(f"The name of the {what}", name)

    @staticmethod
    def parse(text: str) -> "VersionPath":
        """The path that people and answers write, with or without a slash before it."""
        parts = text.strip().removeprefix("/").split("/")
        if len(parts) != 4 or parts[1] != _SPACE:
            raise ValueError(f"A version's path has the form org/{_SPACE}/api/version, which {text!r} has not.")
        return VersionPath(parts[0], parts[2], parts[3])

    @property
    def text(self) -> str:
        return f"{self.org}/{_SPACE}/{self.api}/{self.version}"

    @property
    def short(self) -> str:
        """`{api}/{version}`, as the calls of the life cycle name it."""
        return f"{self.api}/{self.version}"

    @property
    def escaped(self) -> str:
        """As part of a URL."""
        return "/".join(quote(name, safe="") for name in (self.org, _SPACE, self.api, self.version))

    def __str__(self) -> str:
        return self.text


def checked_name(what: str, name: str) -> str:
    """The name; raises ValueError if it cannot be one segment of a path."""
    if not name.strip():
        raise ValueError(f"{what} is missing.")
    if "/" in name:
        raise ValueError(f"{what} must not hold a slash, as {name!r} does: SnapLogic would take it for two names.")
    if name in (".", ".."):
        raise ValueError(f"{what} must not be {name!r}, which would lead to another place.")
    if any(unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp") for one in name):
        raise ValueError(f"{what} must not hold control characters or line ends, as {name!r} does.")
    return name


def checked_place(what: str, path: str) -> str:
    """A path of names with one slash before it, such as /org/shared/project; raises ValueError."""
    names = path.removeprefix("/").split("/")
    for name in names:
        checked_name(f"A name in {what}", name)
    return "/" + "/".join(names)

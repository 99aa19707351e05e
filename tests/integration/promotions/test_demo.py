"""`load_demo` takes over what the emulator says of itself; the emulator need not run for that."""

from pathlib import Path
from typing import Any

import pytest

from accounts.choices import OrganizationKind
from accounts.models import Organization
from config.env import Mode
from emulator.credentials import describe
from promotions.models import ApiVersion
from tests.commands import run

pytestmark = pytest.mark.django_db
URL = "http://127.0.0.1:9400"


@pytest.fixture(autouse=True)
def demo(settings: Any, tmp_path: Path) -> None:
    """A demo installation with a folder of its own."""
    settings.MODE, settings.DATA_DIR = Mode.DEMO, tmp_path


def test_the_versions_of_each_environment_are_known_and_loaded_once() -> None:
    first, _ = run("load_demo")
    forgotten = ApiVersion.objects.earliest("pk")
    name = str(forgotten)
    forgotten.delete()
    again, said = run("load_demo")

    told = {
        (one["remote_id"], version["api"], version["version"])
        for one in describe("demo", URL)["organizations"]
        for version in one.get("api_versions", ())
    }
    known = set(ApiVersion.objects.values_list("organization__remote_id", "api", "version"))
    assert (first, again) == (0, 0), said
    assert len(told) == 15
    assert len(told - known) == 1, f"{name} stays forgotten"
    assert set(ApiVersion.objects.values_list("known_from", "state")) == {("demo data", "unknown")}
    production = Organization.objects.filter(kind=OrganizationKind.SNAPLOGIC, is_production=True)
    assert [one.remote_id for one in production] == ["acme-prod"]

"""What the emulator exports, read by Towpath; and what Towpath makes of it, taken by the emulator."""

import io
import json

import pytest

from promotions.systems.snaplogic import accounts_template
from promotions.systems.snaplogic.zips import inventory
from tests.integration.emulator.snaplogic import SnapLogic, unzipped

VERSION = "acme-dev/apim/orders/1.2"


@pytest.fixture
def demo() -> SnapLogic:
    return SnapLogic(seed="demo")


def test_every_version_of_the_demo_is_read_as_what_it_is(demo: SnapLogic) -> None:
    versions = [path for path, version in demo.app.world.snaplogic.versions.items() if version.org == "acme-dev"]

    for path in versions:
        content = demo.exported(path)
        found = inventory(io.BytesIO(content))
        listed = json.loads(unzipped(content)["export.json"])["assets"]
        assert (found.source, found.has_metadata, found.unlisted, found.accounts_problem) == (path, True, (), "")
        assert [(asset.type, asset.name, asset.entry) for asset in found.assets] == [
            (one["type"], one["name"], one["path"]) for one in listed
        ]
        assert found.accounts is not None
        assert {node.name for node in found.accounts.nodes} == {
            one["name"] for one in listed if one["type"] == "Account"
        }
    assert len(versions) > 5


def test_every_account_of_the_demo_is_filled_in_a_way_that_the_platform_takes(demo: SnapLogic) -> None:
    sealed = typed = 0

    for path in [path for path in demo.paths() if path.startswith("acme-dev/")]:
        content = demo.exported(path)
        template = inventory(io.BytesIO(content)).accounts
        assert template is not None
        secrets = {node.uuid: [leaf for leaf in node.leaves if leaf.must_be_typed] for node in template.nodes}
        edits = {uuid: {leaf.pointer: "in plain text" for leaf in leaves} for uuid, leaves in secrets.items()}
        part = accounts_template.file_account(template, edits)
        sealed += json.dumps(json.loads(template.content)).count('"ENC(')
        typed += sum(len(leaves) for leaves in secrets.values())
        assert b"ENC(" not in part
        target = f"{path}-copy"

        answer = demo.brought(target, content, "skip", accounts=part if template.nodes else None)

        assert (answer["failed"], answer["warnings"]) == ([], [])
        accounts = [one for one in demo.version(target)["assets"] if one["type"] == "Account"]
        values = [value for one in accounts for value in one["values"] if value["is_secret"]]
        assert all(value["reencrypted"] for value in values)
    assert typed == sealed > 5

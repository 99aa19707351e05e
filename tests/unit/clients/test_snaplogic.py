"""Every call of SnapLogic's public API: what is sent, what comes back, and what is refused before anything is sent."""

import hashlib
import io
import json
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from werkzeug import Request, Response

from clients.snaplogic import (
    Accepted,
    AssetDone,
    AssetFailed,
    AssetWarning,
    DuplicateCheck,
    ImportResult,
    LifecycleResult,
    MigrationTicket,
    PublishInfo,
    SnapLogicClient,
    Upload,
    VersionFailed,
    VersionPath,
)
from tests.unit.clients.conftest import Platform
from tests.unit.clients.support import FAST, fixture, fixture_bytes

API = "/api/1/rest/public"
PATH = VersionPath("acme", "orders", "1.2")
IMPORT = f"{API}/apim/import_version/{PATH.escaped}"
EXPORT = f"{API}/apim/export_version/{PATH.escaped}"
LIST = f"{API}/project/list_assets"


def example(name: str, **answer: Any) -> Response:
    return Response(fixture_bytes(f"snaplogic/{name}"), content_type="application/json", **answer)


def as_json(body: Any, **answer: Any) -> Response:
    return Response(json.dumps(body), content_type="application/json", **answer)


def zipped(content: str = "{}") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("export.json", content)
    return file.getvalue()


ARCHIVE = zipped()


def upload(data: bytes = ARCHIVE, name: str = "orders-1.2.zip") -> Upload:
    return Upload(name, len(data), lambda: io.BytesIO(data))


def imported(client: SnapLogicClient, path: VersionPath = PATH, **options: Any) -> ImportResult:
    chosen = {"duplicate_check": DuplicateCheck.SKIP, **options}
    return client.import_version(path, upload(), **chosen)


class Keeper:
    """Answers as it is told and keeps the parts of the forms that it gets."""

    def __init__(self, answer: Response) -> None:
        self.answer = answer
        self.requests: list[Request] = []
        self.parts: dict[str, tuple[str | None, str | None, bytes]] = {}

    def __call__(self, request: Request) -> Response:
        self.requests.append(request)
        self.parts = {name: (one.filename, one.content_type, one.read()) for name, one in request.files.items()}
        return self.answer


def test_an_import_sends_the_archive_unchanged_and_reads_what_became_of_each_asset(
    platform: Platform, snaplogic: SnapLogicClient
) -> None:
    keeper = Keeper(example("import-version.response-200-partial"))
    platform.decide(IMPORT, keeper)

    result = imported(snaplogic)

    assert keeper.requests[0].method == "POST"
    assert dict(keeper.requests[0].args) == {"duplicate_check": "skip"}
    assert keeper.parts == {"file": ("orders-1.2.zip", "application/zip", ARCHIVE)}
    assert result.successful == (AssetDone("65f0c1d2e3a4b5c6d7e80001", "orders_get", ""),)
    reason = "Asset with the same name already exists"
    assert result.failed == (AssetFailed(409, reason, "65f0c1d2e3a4b5c6d7e80002", "orders_db_account", ""),)
    message = "Account value was not decrypted; set it after import"
    assert result.warnings == (AssetWarning(message, "65f0c1d2e3a4b5c6d7e80004", "legacy_account", ""),)
    assert (result.http_status_code, result.is_complete, result.status_mismatch) == (200, True, "")
    assert result.version_path == ""
    assert result.raw == fixture("snaplogic/import-version.response-200-partial")


def test_an_import_may_bring_accounts_and_expressions(platform: Platform, snaplogic: SnapLogicClient) -> None:
    keeper = Keeper(example("import-version.response-200"))
    platform.decide(IMPORT, keeper)
    accounts = fixture_bytes("snaplogic/file_account.request-part")
    told: list[tuple[int, int]] = []

    imported(
        snaplogic,
        duplicate_check=DuplicateCheck.OVERWRITE,
        overwrite_types=("Pipeline", "Account", "Pipeline"),
        accounts=accounts,
        expressions=upload(zipped("x"), "expr.zip"),
        progress=lambda *figures: told.append(figures),
    )

    request = keeper.requests[0]
    assert dict(request.args) == {"duplicate_check": "overwrite", "overwrite_types": "Pipeline,Account"}
    assert keeper.parts["file_account"] == ("accounts.json", "application/json", accounts)
    assert keeper.parts["file_expr"] == ("expr.zip", "application/zip", zipped("x"))
    assert told[-1] == (request.content_length, request.content_length)


@pytest.mark.parametrize("check", DuplicateCheck)
def test_the_rule_for_duplicates_is_always_sent_as_a_word(
    check: DuplicateCheck, platform: Platform, snaplogic: SnapLogicClient
) -> None:
    platform.answer(IMPORT, example("import-version.response-200"))

    imported(snaplogic, duplicate_check=check)

    assert platform.seen[0].query_string.decode() == f"duplicate_check={check.value}"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"overwrite_types": ["Account"]}, "go with overwrite only, not with skip"),
        ({"duplicate_check": "create_new", "overwrite_types": ["Account"]}, "not with create_new"),
        ({"duplicate_check": "overwrite", "overwrite_types": ["account"]}, "no type 'account': choose from Account"),
        ({"duplicate_check": "true"}, "not a valid DuplicateCheck"),
        ({"expressions": upload(b"", "none.zip")}, r"none\.zip is empty"),
        ({"path": VersionPath("Acme", "orders", "1.2")}, "that of environment acme, not of Acme"),
    ],
)
def test_an_import_that_would_mean_something_else_is_not_sent(
    options: dict[str, Any], words: str, platform: Platform, snaplogic: SnapLogicClient
) -> None:
    platform.answer(IMPORT, example("import-version.response-200"))

    with pytest.raises(ValueError, match=words):
        imported(snaplogic, **options)

    assert platform.seen == []


@pytest.mark.parametrize(
    ("api", "version", "raw"),
    [
        ("Order API", "1 beta", "Order%20API/1%20beta"),
        ("Aufträge", "版", "Auftr%C3%A4ge/%E7%89%88"),
        ("50% off", "a%2Fb", "50%25%20off/a%252Fb"),
        ("ORDERS", "V1", "ORDERS/V1"),
        ("what?", "#1;a=b&c+d", "what%3F/%231%3Ba%3Db%26c%2Bd"),
        ("...", "~x.", ".../~x."),
    ],
)
def test_names_reach_the_platform_as_they_are_written(
    api: str, version: str, raw: str, platform: Platform, snaplogic: SnapLogicClient
) -> None:
    paths: list[str] = []

    def keep(request: Request) -> Response:
        paths.append(request.environ["RAW_URI"] if "RAW_URI" in request.environ else request.environ["REQUEST_URI"])
        return example("import-version.response-200")

    path = VersionPath("acme", api, version)
    platform.decide(f"{API}/apim/import_version/{path.text}", keep)

    imported(snaplogic, path)

    assert paths == [f"{API}/apim/import_version/acme/apim/{raw}?duplicate_check=skip"]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("", "a", "1"), "name of the environment is missing"),
        (("o", " ", "1"), "name of the API is missing"),
        (("o", "a", ""), "name of the version is missing"),
        (("o", "a/b", "1"), "must not hold a slash"),
        (("o", "..", "1"), "another place"),
        (("o", "a", "."), "another place"),
        (("o", "a\n", "1"), "control characters"),
        (("o", "a", "1\x00"), "control characters"),
        (("o", "a", "\ud800"), "control characters"),
    ],
)
def test_a_name_that_cannot_stand_in_a_path_is_refused(names: tuple[str, str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        VersionPath(*names)


@pytest.mark.parametrize("text", ["acme/apim/Order API/1.2", "/acme/apim/Order API/1.2", " /acme/apim/Order API/1.2\n"])
def test_a_path_is_read_as_people_write_it(text: str) -> None:
    path = VersionPath.parse(text)

    assert (path.org, path.api, path.version) == ("acme", "Order API", "1.2")
    assert path.text == str(path) == "acme/apim/Order API/1.2"
    assert path.short == "Order API/1.2"


@pytest.mark.parametrize(
    "text", ["", "acme", "acme/apim/orders", "acme/shared/orders/1", "acme/APIM/orders/1", "acme/apim/orders/1/", "//a"]
)
def test_what_is_no_path_of_a_version_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="org/apim/api/version"):
        VersionPath.parse(text)


def test_a_server_that_works_in_silence_is_waited_for_up_to_the_deadline(
    platform: Platform, snaplogic_at: Callable[..., SnapLogicClient]
) -> None:
    def work(answer: Response) -> Callable[[Request], Response]:
        def handle(request: Request) -> Response:
            request.get_data()
            time.sleep(0.6)
            return answer

        return handle

    platform.decide(IMPORT, work(example("import-version.response-200")))
    platform.decide(EXPORT, work(Response(ARCHIVE)))
    policy = replace(FAST, attempt_deadline_s=0.2, silence_s=900.0)
    client = snaplogic_at(platform.url, policy=policy)

    assert imported(client).is_complete
    assert client.export_version(PATH, to=io.BytesIO(), at_most_bytes=10**6).size == len(ARCHIVE)


def test_an_export_hands_the_archive_on_and_tells_its_digest(platform: Platform, snaplogic: SnapLogicClient) -> None:
    headers = {"Content-Disposition": 'attachment; filename="../up/orders 1.2.zip"'}
    platform.answer(EXPORT, Response(ARCHIVE, content_type="application/octet-stream", headers=headers))
    to, told = io.BytesIO(), []

    done = snaplogic.export_version(
        PATH,
        to=to,
        at_most_bytes=10**6,
        asset_types=("Pipeline", "Account"),
        force=True,
        progress=lambda *figures: told.append(figures),
    )

    assert to.getvalue() == ARCHIVE
    assert (done.size, done.sha256) == (len(ARCHIVE), hashlib.sha256(ARCHIVE).hexdigest())
    assert done.file_name == "orders 1.2.zip"
    assert dict(platform.seen[0].args) == {"asset_types": "Pipeline,Account", "force": "true"}
    assert told[-1] == (len(ARCHIVE), len(ARCHIVE))


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ("attachment; filename=a.zip", "a.zip"),
        ("attachment; filename*=UTF-8''Auftr%C3%A4ge.zip", "Aufträge.zip"),
        ('attachment; filename="C:\\\\x\\\\a.zip"', "a.zip"),
        ('attachment; filename=".."', ""),
        ("attachment", ""),
    ],
)
def test_the_name_of_an_export_is_never_a_path(
    disposition: str, name: str, platform: Platform, snaplogic: SnapLogicClient
) -> None:
    platform.answer(EXPORT, Response(ARCHIVE, headers={"Content-Disposition": disposition}))

    done = snaplogic.export_version(PATH, to=io.BytesIO(), at_most_bytes=10**6)

    assert done.file_name == name
    assert platform.seen[0].query_string == b""


def test_the_assets_of_a_version_are_listed_by_type(platform: Platform, snaplogic: SnapLogicClient) -> None:
    platform.answer(LIST, example("list-assets.response-200"))

    found = snaplogic.list_assets(PATH)

    assert platform.seen[0].get_json() == {"dest_path": "/acme/apim/orders/1.2", "asset_path_list": []}
    assert found.assets == {
        "Account": ("orders_db_account",),
        "Job": ("orders_triggered",),
        "File": ("helpers.expr",),
        "Pipeline": ("orders_get",),
    }
    assert found.is_complete


def test_the_assets_of_another_place_are_asked_for_as_documented(
    platform: Platform, snaplogic: SnapLogicClient
) -> None:
    platform.answer(LIST, example("list-assets.response-200"))

    snaplogic.list_assets_of("acme/shared/orders-project", ["/acme/shared/orders-project/orders_get"])

    assert platform.seen[0].get_json() == fixture("snaplogic/list-assets.request")


def publish(client: SnapLogicClient, org: str = "acme") -> LifecycleResult:
    spec = {"openapi": "3.0.1", "info": {"title": "orders", "version": "1.2"}, "paths": {}}
    return client.publish_versions(org, [PublishInfo("orders", "1.2", "apis@example.test", True, False, False, spec)])


@pytest.mark.parametrize(
    ("route", "call"),
    [
        ("publish", publish),
        ("unpublish", lambda client: client.unpublish_versions("acme", ["orders/1.2"])),
        ("deprecate", lambda client: client.deprecate_versions("acme", [("orders", "1.1", "Use 1.2")])),
        ("retire", lambda client: client.retire_versions("acme", ["/orders/1.0"])),
    ],
)
def test_a_call_of_the_life_cycle_sends_what_its_page_documents(
    route: str, call: Callable[[SnapLogicClient], LifecycleResult], platform: Platform, snaplogic: SnapLogicClient
) -> None:
    platform.answer(f"{API}/apim/{route}_versions", example("retire-versions.response-200"))

    result = call(snaplogic)

    assert platform.seen[0].get_json() == fixture(f"snaplogic/{route}-versions.request")
    assert result.successful == ("orders/1.0",)
    assert result.unsuccessful == (VersionFailed("orders/0.9", "Version is not deprecated"),)
    assert (result.http_status_code, result.status_mismatch, result.unreadable) == (200, "", 0)
    assert result.untold == {"retire": (), "deprecate": ("orders/1.1",)}.get(route, ("orders/1.2",))
    assert result.is_complete is (route == "retire")


def test_a_deprecation_without_a_message_sends_none(platform: Platform, snaplogic: SnapLogicClient) -> None:
    platform.answer(f"{API}/apim/deprecate_versions", example("retire-versions.response-200"))

    snaplogic.deprecate_versions("acme", [("orders", "1.1", "")])

    assert platform.seen[0].get_json()["version_infos"] == [{"path": "orders/1.1"}]


@pytest.mark.parametrize(
    "call",
    [
        lambda client: publish(client, "other"),
        lambda client: client.retire_versions("acme", []),
        lambda client: client.retire_versions("acme", ["orders"]),
        lambda client: client.retire_versions("acme", ["acme/apim/orders/1.0"]),
        lambda client: client.unpublish_versions("acme", ["orders/.."]),
        lambda client: client.deprecate_versions("acme", [("a/b", "1", "")]),
        lambda client: client.list_assets(VersionPath("other", "orders", "1")),
        lambda client: client.list_assets_of("/acme/../other"),
        lambda client: client.list_assets_of("/"),
        lambda client: client.export_version(PATH, to=io.BytesIO(), at_most_bytes=1, asset_types=["Flows"]),
    ],
)
def test_what_cannot_be_meant_is_not_sent(
    call: Callable[[SnapLogicClient], object], platform: Platform, snaplogic: SnapLogicClient
) -> None:
    with pytest.raises(ValueError, match=r".{10,}\."):
        call(snaplogic)

    assert platform.seen == []


@pytest.mark.parametrize("answer", [example("create-from-project.response-200"), Response(b"", status=200)])
def test_a_version_is_made_of_a_project(answer: Response, platform: Platform, snaplogic: SnapLogicClient) -> None:
    platform.answer(f"{API}/apim/create_from_project", answer)

    done = snaplogic.create_from_project(
        project_path="/acme/shared/orders-project",
        plex_path="/acme/shared/main-plex",
        api="orders",
        version="1.2",
        tags=["orders", "public"],
        description="Order lookup",
    )

    assert platform.seen[0].get_json() == fixture("snaplogic/create-from-project.request")
    assert isinstance(done, Accepted)


def migrate(client: SnapLogicClient, **options: Any) -> ImportResult | MigrationTicket:
    dest = VersionPath("acme-prod", "orders", "1.2")
    return client.migrate_version(
        PATH, dest, dest_plex_path="/acme-prod/shared/main-plex", duplicate_check=True, **options
    )


def test_a_migration_answers_as_an_import_does(platform: Platform, snaplogic: SnapLogicClient) -> None:
    platform.answer(f"{API}/apim/migrate_version/{PATH.text}", example("import-version.response-200"))

    result = migrate(snaplogic)

    assert platform.seen[0].get_json() == fixture("snaplogic/migrate-version.request")
    assert isinstance(result, ImportResult)
    assert len(result.successful) == 3


def test_a_migration_that_goes_on_is_asked_about_at_its_own_host_only(
    platform: Platform, snaplogic: SnapLogicClient
) -> None:
    answer = fixture("snaplogic/migrate-project-async.response-200")
    platform.answer(f"{API}/apim/migrate_version/{PATH.text}", as_json(answer))
    platform.answer(f"{API}/project/migrate/7c1b9e04a5f2", example("migrate-project-status.response-200"))

    ticket = migrate(snaplogic, async_mode=True)

    assert isinstance(ticket, MigrationTicket)
    assert ticket.status_token == "7c1b9e04a5f2"
    with pytest.raises(ValueError, match="is not read"):
        snaplogic.migration_status(ticket)
    for url in (f"{platform.url}{API}/project/migrate/7c1b9e04a5f2", f"{API}/project/migrate/7c1b9e04a5f2"):
        state = snaplogic.migration_status(replace(ticket, status_url=url))
        assert (state.id, state.status) == ("7c1b9e04a5f2", "Completed")
    with pytest.raises(ValueError, match="is not read"):
        snaplogic.migration_status(replace(ticket, status_url=f"{platform.url}/elsewhere"))

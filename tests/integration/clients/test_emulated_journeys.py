"""Journeys against the emulated service, over real HTTP."""

import pytest

from clients.errors import ApiNotFoundError, ApiRejectedError, OutcomeUnknownError
from clients.journeys import ImportedVersion, JourneysClient, RetrieveJourneysClient
from tests.integration.clients.conftest import Emulator

PLACEHOLDER, SECRET = b"INSERT_SECRET_HERE", "a-secret-of-the-target"
IMPORT = "*/journeyVersions/import"


@pytest.fixture
def journeys(emulator: Emulator) -> JourneysClient:
    return JourneysClient(emulator.connect(path="/authoring"), sandbox="dev")


def version_of(journeys: JourneysClient, name: str) -> str:
    return next(one.latest_version_uid for one in journeys.list_journeys().items if one.name == name)


def filled(journeys: JourneysClient, name: str = "Visit thanks") -> bytes:
    return journeys.export(version_of(journeys, name)).content.replace(PLACEHOLDER, SECRET.encode())


def import_filled(journeys: JourneysClient) -> ImportedVersion:
    return journeys.import_version(filled(journeys), secrets=[SECRET])


@pytest.mark.parametrize("path", ["/authoring", "/journey/orchestration/", "//authoring"])
def test_a_journey_is_listed_exported_filled_in_and_imported(path: str, emulator: Emulator) -> None:
    journeys = JourneysClient(emulator.connect(path=path), sandbox="dev")

    made = import_filled(journeys)

    copy = journeys.latest(made.journey_uid)
    assert (copy.uid, copy.name) == (made.version_uid, made.name)
    assert (made.name, made.validation) == ("Visit thanks_copy", "ok")
    assert SECRET not in repr((made.created, made.raw))
    assert made.version_uid == version_of(journeys, "Visit thanks_copy")
    assert emulator.effects("journeys.import") == 1


def test_every_import_makes_another_copy(journeys: JourneysClient) -> None:
    first, second = import_filled(journeys), import_filled(journeys)

    assert first.version_uid != second.version_uid
    assert first.name != second.name


def test_a_placeholder_that_is_left_is_refused_and_nothing_made(emulator: Emulator, journeys: JourneysClient) -> None:
    document = journeys.export(version_of(journeys, "Visit thanks")).content

    with pytest.raises(ApiRejectedError, match="can't import journey version") as caught:
        journeys.import_version(document)

    assert caught.value.error_code == "1326"
    assert emulator.effects("journeys.import") == 0


def test_a_version_with_errors_is_not_exported(emulator: Emulator, journeys: JourneysClient) -> None:
    journey = next(one for one in journeys.list_journeys().items if one.name == "Unfinished survey")
    uid = journey.latest_version_uid
    emulator.forget_requests()

    with pytest.raises(ApiRejectedError, match=uid) as caught:
        journeys.export(uid)

    assert caught.value.error_code == "1324"
    assert len(emulator.requests()) == 1
    assert journeys.latest(journey.uid).errors


@pytest.mark.parametrize("fault", ["reset", "status"])
def test_an_import_whose_answer_is_lost_is_sent_once(fault: str, emulator: Emulator, journeys: JourneysClient) -> None:
    document = filled(journeys)
    emulator.arm(path=IMPORT, fault=fault, when="after")

    with pytest.raises(OutcomeUnknownError):
        journeys.import_version(document, secrets=[SECRET])

    assert emulator.effects("journeys.import") == 1


def test_an_unknown_journey_is_not_found(journeys: JourneysClient) -> None:
    with pytest.raises(ApiNotFoundError):
        journeys.latest("3f2b6c1e-9a47-4d55-8c0e-5a7d21f0b9e4")


def test_a_wrong_base_path_is_pointed_out(emulator: Emulator) -> None:
    with pytest.raises(ApiRejectedError, match="Check the base path"):
        JourneysClient(emulator.connect(path="/authorin"), sandbox="dev").list_journeys()


def test_short_pages_are_followed(emulator: Emulator, journeys: JourneysClient) -> None:
    whole = journeys.list_journeys()
    emulator.switch(journey_page_size=2)

    paged = journeys.list_journeys()
    emulator.switch(journey_list_headers=False)
    cut = journeys.list_journeys()

    assert (paged.is_complete, {one.uid for one in paged.items}) == (True, {one.uid for one in whole.items})
    assert (cut.is_complete, len(cut.items), cut.total) == (False, 2, whole.total)


def test_the_newer_api_knows_the_same_versions(emulator: Emulator, journeys: JourneysClient) -> None:
    retrieving = RetrieveJourneysClient(emulator.connect(), sandbox="dev")

    found = retrieving.list_journeys()

    assert found.is_complete
    assert {one.uid for one in found.items} >= {one.latest_version_uid for one in journeys.list_journeys().items}
    assert retrieving.get(found.items[0].uid).raw["nodes"]


def test_reading_journeys_writes_nothing(emulator: Emulator, journeys: JourneysClient) -> None:
    filled(journeys)
    RetrieveJourneysClient(emulator.connect(), sandbox="dev").list_journeys()

    assert emulator.writes() == []


def test_an_import_is_logged_as_a_write(emulator: Emulator, journeys: JourneysClient) -> None:
    import_filled(journeys)

    assert [row["path"] for row in emulator.writes()] == ["/authoring/journeyVersions/import"]

"""Whom the transport believes, and how much it takes from anybody."""

import contextlib
import gzip
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from werkzeug import Response

from clients import transport
from clients.deadlines import shared_ssl_context
from clients.errors import ApiContractError, ApiUnavailableError, OutcomeUnknownError
from clients.sandbox_tooling import SandboxToolingClient
from clients.transport import Connection
from tests.unit.clients.conftest import Platform
from tests.unit.clients.support import EXIM


class TlsServer:
    """A server with a certificate that only says who it is by its own word."""

    def __init__(self, folder: Path) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(7)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
            .sign(key, SHA256())
        )
        pem = folder / "server.pem"
        pem.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(pem)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self._listener.getsockname()[1]}"
        self.connections = 0
        self.requests: list[bytes] = []
        self._stopping = False
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            peer, _ = self._listener.accept()
            if self._stopping:
                peer.close()
                return
            self.connections += 1
            with peer, contextlib.suppress(OSError), self._context.wrap_socket(peer, server_side=True) as secure:
                self.requests.append(secure.recv(65536))

    def stop(self) -> None:
        self._stopping = True
        socket.create_connection(self._listener.getsockname()).close()
        self._thread.join()
        self._listener.close()


@pytest.fixture
def impostor(tmp_path: Path) -> Iterator[TlsServer]:
    server = TlsServer(tmp_path)
    yield server
    server.stop()


def test_a_certificate_nobody_vouches_for_is_refused_at_once(
    impostor: TlsServer, bare: Callable[..., Connection]
) -> None:
    connection = bare(impostor.url)

    with pytest.raises(ApiUnavailableError, match=r"(?i)certificate verify failed"):
        connection.call("packages.list", "GET", "/packages", parse=lambda answer: answer.text)
    with pytest.raises(OutcomeUnknownError) as caught:
        connection.call("packages.import", "POST", "/i", parse=lambda answer: answer.text, body={})

    assert not caught.value.sent
    assert impostor.connections == 2
    assert impostor.requests == []


def test_the_process_has_one_tls_context_that_verifies() -> None:
    context = shared_ssl_context()

    assert context is shared_ssl_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_a_body_that_does_not_unpack_breaks_the_contract(platform: Platform, tooling: SandboxToolingClient) -> None:
    platform.answer(f"{EXIM}/packages", Response(b"not gzip", headers={"Content-Encoding": "gzip"}))

    with pytest.raises(ApiContractError, match="cannot be read"):
        tooling.list_packages()

    assert len(platform.seen) == 1


def test_a_body_that_unpacks_to_far_too_much_is_not_taken_in(
    platform: Platform, tooling: SandboxToolingClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "MAX_BODY_BYTES", 2**20)
    platform.answer(f"{EXIM}/packages", Response(gzip.compress(bytes(2**24)), headers={"Content-Encoding": "gzip"}))

    with pytest.raises(ApiContractError, match="larger than 1 MiB"):
        tooling.list_packages()

"""rediss:// is verified alike for the cache and for Celery's messages."""

import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.starts import COMPLETE, run

pytestmark = pytest.mark.slow
ASK_BOTH = """
import django; django.setup()
from django.core.cache import cache
from config.celery import app
def reason(error):
    texts = []
    while error is not None:
        texts.append(str(error))
        error = error.__cause__ or error.__context__
    return "refused" if "certificate verify failed" in " ".join(texts).lower() else "trusted"
def ask(call):
    try: call()
    except Exception as error: return reason(error)
    return "trusted"
print(ask(lambda: cache.get("x")), ask(lambda: app.connection_for_read().ensure_connection(max_retries=0, timeout=5)))
"""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 that signs itself, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "valkey of a test")])
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
    )
    path = tmp_path_factory.mktemp("tls") / "valkey.pem"
    signed = builder.sign(key, hashes.SHA256())
    path.write_bytes(
        signed.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return path


@pytest.fixture
def port(certificate: Path) -> Iterator[int]:
    """The port of a server that greets by TLS, and hangs up at the first command."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    opened, _ = listener.accept()
                except OSError:
                    return
                with suppress(OSError), opened, context.wrap_socket(opened, server_side=True) as secure:
                    secure.recv(4_096)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("options", "result"),
    [
        ("", "refused refused"),
        ("?ssl_ca_certs={}", "trusted trusted"),
        ("?ssl_cert_reqs=none", "trusted trusted"),
        ("?ssl_check_hostname=false", "refused refused"),
    ],
)
def test_certificate_is_verified(port: int, certificate: Path, options: str, result: str) -> None:
    url = f"rediss://:secret@127.0.0.1:{port}/0{options.format(certificate)}"
    environment = COMPLETE | {"VALKEY_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings"}
    status, printed = run(["-c", ASK_BOTH], **environment)
    assert (status, printed.splitlines()[-1]) == (0, result)

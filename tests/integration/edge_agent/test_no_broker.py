"""A broker that does not let us in: what is wrong is said, and at once."""

import asyncio
import contextlib
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from edge_agent.broker import Broker, close, connect, new_client
from edge_agent.errors import BrokerError

DAY = timedelta(days=1)
HERE = x509.IPAddress(ip_address("127.0.0.1"))


def made(folder, name, *, by=None, of=HERE, since=-DAY, until=DAY):
    """Make a key and a certificate, its own authority unless one is given; return both's file."""
    key = ec.generate_private_key(ec.SECP256R1())
    own = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    signer, sign_with = (own, key) if by is None else (by[1].subject, by[0])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(signer, own, key.public_key(), x509.random_serial_number())
        .not_valid_before(now + since)
        .not_valid_after(now + until)
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([of]), critical=False)
        .sign(sign_with, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return key, certificate, path


@pytest.fixture
def authority(tmp_path):
    return made(tmp_path, "authority")


async def connect_and_leave(broker):
    client = new_client(broker, clean=True)
    try:
        await connect(client, broker)
    finally:
        # A broker that refuses us leaves the line to us.
        await close(client)


async def said_of(*, certificate, trusted, wants=None):
    """Return what is said of a TLS server with a certificate, which may want one of ours."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=wants)
    context.load_cert_chain(certificate)
    context.verify_mode = ssl.CERT_REQUIRED if wants else ssl.CERT_NONE

    async def hang_up(reader, writer):
        with contextlib.suppress(OSError):
            await reader.read(1)
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0, ssl=context) as server:
        tls = ssl.create_default_context(cafile=trusted)
        broker = Broker(
            host="127.0.0.1", port=server.sockets[0].getsockname()[1], client_id="a", tls=tls
        )
        with pytest.raises(BrokerError) as raised:
            async with asyncio.timeout(5):
                await connect_and_leave(broker)
    return str(raised.value)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ({"since": -2 * DAY, "until": -DAY}, "certificate has expired, or our clock is wrong"),
        ({"since": DAY, "until": 2 * DAY}, "certificate is not valid yet, or our clock is wrong"),
        ({"of": x509.DNSName("broker.example")}, "certificate is not for '127.0.0.1': mqtt.url"),
    ],
    ids=["expired", "not yet", "another name"],
)
async def test_what_is_wrong_with_a_brokers_certificate_is_said(tmp_path, authority, what, words):
    *_, path = made(tmp_path, "broker", by=authority, **what)
    assert words in await said_of(certificate=path, trusted=authority[2])


async def test_a_broker_of_an_authority_we_do_not_know_points_to_the_file_of_ours(
    tmp_path, authority
):
    *_, path = made(tmp_path, "broker", by=made(tmp_path, "stranger"))
    said = await said_of(certificate=path, trusted=authority[2])
    assert said.startswith("nobody we trust signed the broker's certificate (")
    assert "mqtt.ca_file" in said


async def test_a_broker_that_wants_a_certificate_of_ours_is_said_so_at_once(tmp_path, authority):
    *_, path = made(tmp_path, "broker", by=authority)
    said = await said_of(certificate=path, trusted=authority[2], wants=authority[2])
    assert "mqtt.client_certificate_file and mqtt.client_key_file" in said


async def test_a_broker_that_hangs_up_is_not_waited_for():
    async def hang_up(reader, writer):
        await reader.read(1)
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        broker = Broker(host="127.0.0.1", port=port, client_id="a")
        with pytest.raises(BrokerError, match="hangs up without an answer: does it speak MQTT 5"):
            async with asyncio.timeout(5):
                await connect_and_leave(broker)


async def test_a_wrong_password_points_to_where_it_is_from(tmp_path, mosquitto_of):
    (tmp_path / "passwords").write_text("")
    extra = f"password_file {tmp_path}/passwords\n"
    strict = mosquitto_of(tmp_path / "strict", extra=extra, anonymous=False)
    strict.start()
    try:
        broker = Broker(host="127.0.0.1", port=strict.port, client_id="a", username="u")
        with pytest.raises(BrokerError, match=r"not authorized .*mqtt\.password_file"):
            await connect_and_leave(broker)
    finally:
        strict.discard()


async def test_a_broker_that_does_not_run_is_said_without_numbers(free_port):
    broker = Broker(host="127.0.0.1", port=free_port(), client_id="a")
    with pytest.raises(BrokerError, match=r"^Connection refused$"):
        await connect_and_leave(broker)

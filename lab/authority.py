"""Pebble, a certificate authority for tries: what it reads, and what it has signed."""

import ipaddress
import json
import re
import ssl
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

# Without these it waits before it looks, and refuses a part of all requests, to try the patience of clients.
PATIENT = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0", "PEBBLE_AUTHZREUSE": "0"}
ORDER = re.compile(r"^Pebble (\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) There are now \d+ orders in the db", re.MULTILINE)


@dataclass(frozen=True)
class Authority:
    """Where it listens, where it looks names up, and how it reaches who asks for a certificate."""

    folder: Path
    port: int
    management_port: int
    dns: str  # "ip:port"
    http_port: int
    https_port: int
    valid_seconds: int = 0  # of what it signs; 0: years

    @property
    def directory(self) -> str:
        return f"https://127.0.0.1:{self.port}/dir"

    @property
    def certificate(self) -> Path:
        """What it shows itself."""
        return self.folder / "authority.pem"

    def command(self) -> list[str]:
        """Write its files; what starts it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        key = self.folder / "authority.key"
        self_signed(["127.0.0.1"], key=key, certificate=self.certificate)
        config: dict[str, object] = {
            "listenAddress": f"127.0.0.1:{self.port}",
            "managementListenAddress": f"127.0.0.1:{self.management_port}",
            "certificate": str(self.certificate),
            "privateKey": str(key),
            "httpPort": self.http_port,
            "tlsPort": self.https_port,
        }
        if self.valid_seconds:
            config["certificateValidityPeriod"] = self.valid_seconds
        path = self.folder / "pebble.json"
        path.write_text(json.dumps({"pebble": config}))
        return ["pebble", "-config", str(path), "-dnsserver", self.dns]

    def root(self) -> str:
        """The root that its certificates lead to, in PEM. It is another one after each start."""
        return self._fetch("roots")

    def intermediate(self) -> str:
        """What signs the certificates and is sent along with them, in PEM."""
        return self._fetch("intermediates")

    def _fetch(self, kind: str) -> str:
        trust = ssl.create_default_context(cafile=str(self.certificate))
        address = f"https://127.0.0.1:{self.management_port}/{kind}/0"
        with urllib.request.urlopen(address, context=trust, timeout=10) as answer:
            return str(answer.read().decode())


def orders(log: str) -> list[datetime]:
    """When each order came, by Pebble's log, to the second, as its clock has it."""
    return [datetime.strptime(when, "%Y/%m/%d %H:%M:%S") for when in ORDER.findall(log)]  # noqa: DTZ007


def self_signed(names: list[str], *, key: Path, certificate: Path, days: int = 30) -> None:
    """Write a key, and a certificate for names (or addresses) that is its own authority."""
    private = ec.generate_private_key(ec.SECP256R1())
    who, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])]), datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem, kind = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
    key.touch(mode=0o600)
    key.write_bytes(private.private_bytes(pem, kind, plain))
    certificate.write_bytes(made.public_bytes(pem))


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)

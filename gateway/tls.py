"""The product's own certificate authority: HTTPS for the phones in the basement, where no public one can reach.

Files below `PINGZHAN_DATA/tls`: `ca.pem` (given to phones), `ca.key`, `server.pem`, `server.key` (both keys for the
owner only). The server certificate lasts 397 days, the longest that phones accept; running `pingzhan tls init` again
renews it under the same authority, so the phones need nothing new.
"""

import argparse
import ipaddress
import json
import os
import socket
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from facility.clock import SystemClock
from facility.errors import Invalid
from facility.settings import Settings, load_settings

AUTHORITY_LASTS = timedelta(days=3650)
SERVER_LASTS = timedelta(days=397)
_SKEW = timedelta(days=1)  # a phone whose clock is behind must not find the certificate unborn


class BadHost(Invalid):
    """A name or address that no certificate can carry."""

    code = "tls.bad_host"


def folder_of(settings: Settings) -> Path:
    """Where the certificates are kept."""
    return settings.data / "tls"


def server_files(settings: Settings) -> tuple[Path, Path] | None:
    """The server's certificate and key, or `None` before `pingzhan tls init`."""
    folder = folder_of(settings)
    found = folder / "server.pem", folder / "server.key"
    return found if all(path.exists() for path in found) else None


def make_certificates(folder: Path, hosts: Iterable[str], now: datetime) -> dict[str, Any]:
    """Make the authority where there is none, and a new server certificate.

    Args:
        folder: where the files go; made with permissions for the owner only.
        hosts: names and addresses by which phones call the server.
        now: aware UTC.

    Returns:
        Where the files are, the names, the end, and the authority's fingerprint as phones show it.

    Raises:
        BadHost: a name is neither a host name nor an address.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    names = _alternative_names(hosts)
    authority, authority_key = _authority(folder, now)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Pingzhan")]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now - _SKEW + SERVER_LASTS)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
        )
        .sign(authority_key, hashes.SHA256())
    )
    _write(folder / "server.pem", _pem(certificate) + _pem(authority))
    _write_key(folder / "server.key", key)
    return {
        "authority": str(folder / "ca.pem"),
        "hosts": [str(name.value) for name in names],
        "valid_until": certificate.not_valid_after_utc.date().isoformat(),
        "fingerprint_sha256": authority.fingerprint(hashes.SHA256()).hex(":").upper(),
    }


def _alternative_names(hosts: Iterable[str]) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = []
    for host in dict.fromkeys(hosts):
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
            continue
        except ValueError:
            pass
        try:
            names.append(x509.DNSName(host.encode("idna").decode("ascii")))
        except (UnicodeError, ValueError) as fault:
            raise BadHost(f"{host!r} is neither a host name nor an address") from fault
    return names


def _authority(folder: Path, now: datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    certificate_file, key_file = folder / "ca.pem", folder / "ca.key"
    if certificate_file.exists() and key_file.exists():
        certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
        kept = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
        if (
            isinstance(kept, ec.EllipticCurvePrivateKey)
            and certificate.not_valid_after_utc > now + SERVER_LASTS
        ):
            return certificate, kept
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Pingzhan authority {now:%Y-%m-%d}")])
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + AUTHORITY_LASTS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write(certificate_file, _pem(certificate))
    _write_key(key_file, key)
    return certificate, key


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    content = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def own_hosts(settings: Settings) -> list[str]:
    """Names and addresses of this machine: what phones may call it by where nothing else is said."""
    name = socket.gethostname()
    found = ["localhost", "127.0.0.1", name, f"{name}.local"]
    if settings.host not in ("0.0.0.0", "::"):
        found.append(settings.host)
    try:
        found += [str(info[4][0]) for info in socket.getaddrinfo(name, None, family=socket.AF_INET)]
    except OSError:
        pass  # a machine that does not know its own name still has the ones above
    return list(dict.fromkeys(found))


def _init(args: argparse.Namespace) -> int:
    settings = load_settings()
    hosts = [*own_hosts(settings), *args.host]
    told = make_certificates(folder_of(settings), hosts, SystemClock().now().astimezone(UTC))
    sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    sys.stderr.write(
        f"HTTPS on port {settings.https_port} from the next start.\n"
        f"Phones: open http://<this machine>:{settings.http_port}/drill/tls, install the authority, run its test.\n"
    )
    return 0


def add_commands(commands: Any) -> None:
    """`pingzhan tls init [--host NAME]...`."""
    tls = commands.add_parser("tls", help="HTTPS from the product's own authority").add_subparsers(
        required=True
    )
    init = tls.add_parser(
        "init", help="make or renew the certificates; says how phones install the authority"
    )
    init.add_argument("--host", action="append", default=[], help="another name or address phones call it by")
    init.set_defaults(run=_init)

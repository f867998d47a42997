"""TLS of the OCPP port: our certificate, and whose client certificates are believed (security profiles 2 and 3)."""

import ipaddress
import socket
import ssl
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from charging.certificates import leaf_pem, load_ca, private_pem, write_private

RENEW_BEFORE: Final = timedelta(days=30)


def server_context(state: Path, host: str, now: datetime) -> ssl.SSLContext:
    """TLS 1.2 or newer with the installation's own certificate, made or renewed where needed.

    A client certificate is asked for and, where one is shown, must come from our charging CA; whether a charger must
    show one is the door's to decide.
    """
    certificate, key = state / "charging-server.pem", state / "charging-server.key"
    if not _is_good(certificate, key, now):
        _make(certificate, key, state, host, now)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.load_cert_chain(certificate, key)
    made.load_verify_locations(state / "charging-ca.pem")
    made.verify_mode = ssl.CERT_OPTIONAL
    return made


def _is_good(certificate: Path, key: Path, now: datetime) -> bool:
    if not certificate.exists() or not key.exists():
        return False
    leaf = x509.load_pem_x509_certificate(certificate.read_bytes())
    return leaf.not_valid_after_utc > now + RENEW_BEFORE


def _make(certificate: Path, key: Path, state: Path, host: str, now: datetime) -> None:
    ca = load_ca(state, now)
    private = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName(_names(host))
    chain = leaf_pem("Pingzhan OCPP", private.public_key(), ca, now, ExtendedKeyUsageOID.SERVER_AUTH, names)
    write_private(key, private_pem(private))
    certificate.write_text(chain, "ascii")


def _names(host: str) -> list[x509.GeneralName]:
    """The names chargers may call us by: this machine's, localhost, and the address the port is bound to."""
    names: list[x509.GeneralName] = [x509.DNSName("localhost"), x509.DNSName(socket.gethostname())]
    addresses = {"127.0.0.1"}
    try:
        addresses.add(str(ipaddress.ip_address(host)))
    except ValueError:
        names.append(x509.DNSName(host))
    return names + [x509.IPAddress(ipaddress.ip_address(address)) for address in sorted(addresses)]

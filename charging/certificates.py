"""Certificates of chargers: signed by this installation's own charging CA, for security profile 3.

The CA (P-256, ten years) is made at first use and lies in the state directory, readable by its owner only.
"""

import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from facility.errors import Invalid

CA_LIFE: Final = timedelta(days=3650)
LEAF_LIFE: Final = timedelta(days=398)
ORGANISATION: Final = "Pingzhan charging"


class BadSigningRequest(Invalid):
    """A charger's certificate request cannot be signed."""

    code = "signing_request"


def load_ca(state: Path, now: datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """The charging CA, made at first use."""
    certificate_path, key_path = state / "charging-ca.pem", state / "charging-ca.key"
    if not certificate_path.exists() or not key_path.exists():
        _make_ca(certificate_path, key_path, now)
    certificate = x509.load_pem_x509_certificate(certificate_path.read_bytes())
    key = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Invalid(f"{key_path}: not an EC key")
    return certificate, key


def _make_ca(certificate_path: Path, key_path: Path, now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, "Pingzhan charging CA"),
        ]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + CA_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(is_ca=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    write_private(key_path, private_pem(key))
    certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A private key as unencrypted PEM."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)


def _usage(*, is_ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        encipher_only=False,
        decipher_only=False,
    )


def sign_request(
    csr_pem: str, identity: str, ca: tuple[x509.Certificate, ec.EllipticCurvePrivateKey], now: datetime
) -> str:
    """Sign a charger's request.

    The name must be the charger's own: whatever else the request asks for is ignored.

    Returns:
        The certificate and the CA's, as PEM, the leaf first.

    Raises:
        BadSigningRequest: unreadable, not signed by its own key, a weak key, or another charger's name.
    """
    try:
        request = x509.load_pem_x509_csr(csr_pem.encode())
    except ValueError as wrong:
        raise BadSigningRequest("the request is not a PEM PKCS#10") from wrong
    if not request.is_signature_valid:
        raise BadSigningRequest("the request is not signed by its own key")
    key = request.public_key()
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey) or key.key_size < _least_size(key):
        raise BadSigningRequest("the key is neither RSA of 2048 bits nor an elliptic curve of 224 bits")
    names = [str(name.value) for name in request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if [name.casefold() for name in names] != [identity.casefold()]:
        raise BadSigningRequest("the common name is not the charger's identity")
    return leaf_pem(identity, key, ca, now, ExtendedKeyUsageOID.CLIENT_AUTH)


def _least_size(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey) -> int:
    """OCPP security whitepaper A00.FR.501 to 503: 112 bits of strength."""
    return 2048 if isinstance(key, rsa.RSAPublicKey) else 224


def leaf_pem(
    common_name: str,
    key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey,
    ca: tuple[x509.Certificate, ec.EllipticCurvePrivateKey],
    now: datetime,
    purpose: x509.ObjectIdentifier,
    extra: x509.SubjectAlternativeName | None = None,
) -> str:
    """A certificate for a key, with the CA's behind it, as PEM."""
    ca_certificate, ca_key = ca
    builder = (
        x509.CertificateBuilder()
        .subject_name(
            x509.Name(
                [
                    x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION),
                    x509.NameAttribute(NameOID.COMMON_NAME, common_name),
                ]
            )
        )
        .issuer_name(ca_certificate.subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + LEAF_LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(is_ca=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    )
    if extra is not None:
        builder = builder.add_extension(extra, critical=False)
    certificate = builder.sign(ca_key, hashes.SHA256())
    both = [certificate, ca_certificate]
    return "".join(one.public_bytes(serialization.Encoding.PEM).decode() for one in both)

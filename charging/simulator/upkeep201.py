"""A simulated 2.x charger's upkeep: triggered messages, firmware, logs, certificates."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from charging.simulator.memory201 import Payload
from charging.simulator.voice201 import Reply, said

if TYPE_CHECKING:
    from charging.simulator.charger201 import SimulatedCharger201

Tell = Callable[["SimulatedCharger201"], Awaitable[object]]


async def _tell_firmware(charger: "SimulatedCharger201") -> None:
    await charger.tell("FirmwareStatusNotification", {"status": "Idle"})


async def _tell_log(charger: "SimulatedCharger201") -> None:
    await charger.tell("LogStatusNotification", {"status": "Idle"})


async def _tell_meter(charger: "SimulatedCharger201") -> None:
    await charger.tell("MeterValues", {"evseId": 1, "meterValue": [charger.meter_value("Trigger", 0)]})


async def _tell_transaction(charger: "SimulatedCharger201") -> None:
    if charger.charge is not None:
        await charger.event("Updated", "Trigger", charger.charge, "Trigger", 0)


async def _tell_status(charger: "SimulatedCharger201") -> None:
    await charger.tell("StatusNotification", charger.status_message())


async def _tell_boot(charger: "SimulatedCharger201") -> None:
    charger.boot_reason = "Triggered"
    await charger.tell("BootNotification", charger.boot_message())


async def _tell_heartbeat(charger: "SimulatedCharger201") -> None:
    await charger.tell("Heartbeat", {})


async def _ask_certificate(charger: "SimulatedCharger201") -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, charger.make.identity),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Pingzhan"),
        ]
    )
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    await charger.tell(
        "SignCertificate",
        {
            "csr": request.public_bytes(serialization.Encoding.PEM).decode(),
            "certificateType": "ChargingStationCertificate",
        },
    )


_TRIGGERED: Final[dict[str, Tell]] = {
    "BootNotification": _tell_boot,
    "FirmwareStatusNotification": _tell_firmware,
    "Heartbeat": _tell_heartbeat,
    "LogStatusNotification": _tell_log,
    "MeterValues": _tell_meter,
    "SignChargingStationCertificate": _ask_certificate,
    "StatusNotification": _tell_status,
    "TransactionEvent": _tell_transaction,
}


def trigger_message(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """F06; a transaction's event only while one runs."""
    wanted = sent["requestedMessage"]
    if wanted not in _TRIGGERED:
        return said(status="NotImplemented")
    if wanted == "TransactionEvent" and charger.charge is None:
        return said(status="Rejected")
    work: Any = partial(_TRIGGERED[wanted], charger)
    return Reply(answer={"status": "Accepted"}, afterwards=[work])


def update_firmware(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """L01: from the download to the restart with the new firmware."""
    return Reply(answer={"status": "Accepted"}, afterwards=[partial(_install, charger, sent)])


async def _install(charger: "SimulatedCharger201", sent: Payload) -> None:
    request_id = sent["requestId"]
    for status in ("Downloading", "Downloaded", "Installing", "InstallRebooting"):
        await charger.tell("FirmwareStatusNotification", {"status": status, "requestId": request_id})
    charger.memory.firmware = f"sim-{request_id}"
    await charger.restart("FirmwareUpdate")
    await charger.tell("FirmwareStatusNotification", {"status": "Installed", "requestId": request_id})


def publish_firmware(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """L03: a local controller's part."""
    return Reply(answer={"status": "Accepted"}, afterwards=[partial(_publish, charger, sent)])


async def _publish(charger: "SimulatedCharger201", sent: Payload) -> None:
    told = {"requestId": sent["requestId"]}
    for status in ("Downloading", "Downloaded", "ChecksumVerified"):
        await charger.tell("PublishFirmwareStatusNotification", {"status": status, **told})
    charger.memory.published.add(sent["checksum"])
    await charger.tell(
        "PublishFirmwareStatusNotification",
        {"status": "Published", "location": ["https://controller/firmware"], **told},
    )


def unpublish_firmware(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """L04."""
    if sent["checksum"] not in charger.memory.published:
        return said(status="NoFirmware")
    charger.memory.published.remove(sent["checksum"])
    return said(status="Unpublished")


def get_log(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """N01; a second request while one uploads replaces it."""
    is_busy = charger.memory.log_request is not None
    charger.memory.log_request = sent["requestId"]
    return Reply(
        answer={"status": "AcceptedCanceled" if is_busy else "Accepted", "filename": "charger.log"},
        afterwards=[partial(_upload, charger, sent["requestId"])],
    )


async def _upload(charger: "SimulatedCharger201", request_id: int) -> None:
    for status in ("Uploading", "Uploaded"):
        await charger.tell("LogStatusNotification", {"status": status, "requestId": request_id})
    charger.memory.log_request = None


def install_certificate(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """M05."""
    try:
        certificate = x509.load_pem_x509_certificate(sent["certificate"].encode())
    except ValueError:
        return said(status="Rejected", statusInfo={"reasonCode": "InvalidCertificate"})
    charger.memory.certificates.append((sent["certificateType"], _hash_data(certificate)))
    return said(status="Accepted")


def _hash_data(certificate: x509.Certificate) -> Payload:
    """What names a root certificate, which is its own issuer: RFC 6960's hashes and the serial number."""
    name, key = hashes.Hash(hashes.SHA256()), hashes.Hash(hashes.SHA256())
    name.update(certificate.issuer.public_bytes())
    key.update(
        certificate.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": name.finalize().hex(),
        "issuerKeyHash": key.finalize().hex(),
        "serialNumber": f"{certificate.serial_number:x}",
    }


def installed_certificates(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """M03."""
    wanted = sent.get("certificateType")
    types = {wanted} if isinstance(wanted, str) else set(wanted or ())
    found = [
        {"certificateType": kind, "certificateHashData": data}
        for kind, data in charger.memory.certificates
        if not types or kind in types
    ]
    return said(status="Accepted", certificateHashDataChain=found) if found else said(status="NotFound")


def delete_certificate(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """M04."""
    kept = [one for one in charger.memory.certificates if one[1] != sent["certificateHashData"]]
    is_known = len(kept) < len(charger.memory.certificates)
    charger.memory.certificates = kept
    return said(status="Accepted" if is_known else "NotFound")


def certificate_signed(charger: "SimulatedCharger201", sent: Payload) -> Reply:
    """A02: a chain that can be read and names this charger."""
    try:
        certificate = x509.load_pem_x509_certificate(sent["certificateChain"].encode())
    except ValueError:
        return said(status="Rejected")
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    is_own = any(str(one.value) == charger.make.identity for one in names)
    return said(status="Accepted" if is_own else "Rejected")

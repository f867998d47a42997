"""A charger's request for a certificate of its own: signed by our CA, and ordered back to it."""

from datetime import datetime

from charging import orders
from charging.certificates import BadSigningRequest, load_ca, sign_request
from charging.charger_store import Charger
from charging.rpc import Payload
from facility.context import Context
from facility.db import unit_of_work


def signed_chain(ctx: Context, charger: Charger, csr: str, now: datetime) -> str | None:
    """The certificate a charger asks for, with our CA's behind it; None where the request is refused."""
    try:
        return sign_request(csr, charger.identity, load_ca(ctx.settings.data, now), now)
    except BadSigningRequest:
        return None


async def order_certificate(ctx: Context, charger: Charger, version: str, payload: Payload) -> None:
    """Order a CertificateSigned; to be called last, so that the charger hears the answer to its request first."""
    async with unit_of_work(ctx.pool) as conn:
        await orders.request_order(
            conn,
            charger_id=charger.id,
            version=version,
            action="CertificateSigned",
            payload=payload,
            by="system",
            clock=ctx.clock,
        )

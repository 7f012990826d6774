"""Run inside a pod of payments: tells the broker something under payments' name that is no event."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from nats.aio.client import Client

SUBJECT = "farthing.events.payments.PAYMENT.NONSENSE"


async def main() -> None:
    client = Client()
    password = Path(os.environ["FARTHING_NATS_PASSWORD_FILE"]).read_text().strip()
    await client.connect(
        os.environ["FARTHING_NATS_URL"], user=os.environ["FARTHING_NATS_USER"], password=password, inbox_prefix="_INBOX.payments"
    )
    await client.jetstream().publish(SUBJECT, b"nonsense")
    await client.close()


if __name__ == "__main__":
    asyncio.run(main())

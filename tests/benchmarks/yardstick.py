"""How fast this machine is at this moment, in µs of CPU for three small things that the platform does all the time.

Absolute figures of a benchmark mean little where processors are shared: the same loop took three times as long within minutes. What is
measured beside them in the same run makes runs comparable: divide by the yardstick.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from prometheus_client import CollectorRegistry, Counter, Histogram

ROUNDS = 5


def microseconds(what: Callable[[], object], repeats: int) -> float:
    """CPU of one call: the median of five rounds."""
    rounds = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        for _ in range(repeats):
            what()
        rounds.append((time.process_time() - begun) / repeats * 1e6)
    return round(sorted(rounds)[ROUNDS // 2], 1)


def yardstick() -> dict[str, float]:
    """Verify a token (EdDSA), sign a webhook (RS256), count and time a request (prometheus-client)."""
    key, webhook_key = Ed25519PrivateKey.generate(), rsa.generate_private_key(65537, 2048)
    token, public = jwt.encode({"sub": "app", "aud": "farthing"}, key, algorithm="EdDSA"), key.public_key()
    registry = CollectorRegistry()
    counter, histogram = Counter("c", "-", ["a", "b"], registry=registry), Histogram("h", "-", ["a", "b"], registry=registry)

    def count() -> None:
        counter.labels("a", "b").inc()
        histogram.labels("a", "b").observe(0.1)

    return {
        "verify_us": microseconds(lambda: jwt.decode(token, public, algorithms=["EdDSA"], audience="farthing"), 300),
        "sign_us": microseconds(lambda: webhook_key.sign(bytes(500), padding.PKCS1v15(), hashes.SHA256()), 100),
        "count_us": microseconds(count, 5000),
    }

"""RSA over the raw bytes, and the certificate that proves it (wire contract, section 7.6).

signed text = transmission id | transmission time | webhook id | CRC-32 of the raw body, unsigned decimal
signature   = RSA PKCS #1 v1.5 with SHA-256, base64
"""

from __future__ import annotations

import base64
import binascii
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

ALGORITHM: Final = "SHA256withRSA"
VERSION: Final = "v2"
_KEY_BITS: Final = 2048
_VALID: Final = timedelta(days=3650)
_PADDING: Final = padding.PKCS1v15()


class NotRsa(ValueError):
    """A key of another kind: receivers expect SHA256withRSA."""


@dataclass(frozen=True, slots=True)
class Transmission:
    """What a signature binds together, in the words of the headers."""

    id: str
    time: str
    webhook_id: str

    def signed_text(self, body: bytes) -> bytes:
        return f"{self.id}|{self.time}|{self.webhook_id}|{zlib.crc32(body)}".encode()


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate and, where we may sign with it, its private key; both PEM."""

    certificate_id: str
    certificate: str
    private_key: str | None


class Certificate:
    """Checks signatures made with the key that it certifies."""

    def __init__(self, pem: str) -> None:
        self.pem = pem
        public = x509.load_pem_x509_certificate(pem.encode()).public_key()
        if not isinstance(public, rsa.RSAPublicKey):
            raise NotRsa("the certificate is not for an RSA key")
        self._public = public

    def proves(self, signature: str, text: bytes) -> bool:
        """Whether the signature (base64) is one of this text."""
        try:
            self._public.verify(base64.b64decode(signature, validate=True), text, _PADDING, hashes.SHA256())
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True


class Signer:
    """Signs with one key, kept as an object: loading it costs more than signing."""

    def __init__(self, pair: KeyPair) -> None:
        if pair.private_key is None:
            raise ValueError("a certificate alone cannot sign")
        key = serialization.load_pem_private_key(pair.private_key.encode(), password=None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise NotRsa("the private key is not an RSA key")
        self.certificate_id = pair.certificate_id
        self._key = key

    def sign(self, transmission: Transmission, body: bytes) -> str:
        return base64.b64encode(self._key.sign(transmission.signed_text(body), _PADDING, hashes.SHA256())).decode()


def new_pair(name: str, now: datetime) -> KeyPair:
    """Make a key and a certificate that it signs itself, valid for ten years of real time. Costs up to half a second of CPU."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Farthing")])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1)).not_valid_after(now + _VALID)
    certificate = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True).sign(key, hashes.SHA256())
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return _pair(certificate, private.decode())


def given_pair(certificate: bytes, private_key: bytes) -> KeyPair:
    """The operator's key with its certificate, PEM. Raises ValueError when they do not belong together, or are no RSA."""
    found = x509.load_pem_x509_certificate(certificate)
    pair = _pair(found, private_key.decode())
    probe = Transmission("probe", "", "")
    if not Certificate(pair.certificate).proves(Signer(pair).sign(probe, b""), probe.signed_text(b"")):
        raise ValueError("the certificate is not that of the private key")
    return pair


def _pair(certificate: x509.Certificate, private_key: str) -> KeyPair:
    """The id follows from the certificate: CERT- and three groups of eight hexadecimal digits."""
    digest = certificate.fingerprint(hashes.SHA256()).hex()
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    return KeyPair(f"CERT-{digest[:8]}-{digest[8:16]}-{digest[16:24]}", pem, private_key)

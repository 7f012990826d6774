"""Errors of the token endpoints, without PayPal's envelope, and reasons not to start."""

from __future__ import annotations

from typing import Any, ClassVar

from farthing.kit.errors import ApiError


class TokenRefused(ApiError):
    """Answers {error, error_description} (RFC 6749, section 5.2; wire contract, section 7.1)."""

    status: ClassVar[int] = 400
    error: ClassVar[str] = "invalid_request"

    def __init__(self, description: str) -> None:
        super().__init__(description=description)

    def envelope(self, debug_id: str) -> dict[str, Any]:  # noqa: ARG002 - the debug id is in the answer's header alone
        return {"error": self.error, "error_description": self.message}


class RequestNotUnderstood(TokenRefused):
    error = "invalid_request"


class RequestNotTaken(TokenRefused):
    """What was refused before the endpoint saw it: another method, a body that is too large or did not come as a whole."""

    error = "invalid_request"

    def __init__(self, refused: ApiError) -> None:
        self._status, self._headers = refused.status_code, refused.headers()
        super().__init__(refused.message)

    @property
    def status_code(self) -> int:
        return self._status

    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        return self._headers


class ClientUnknown(TokenRefused):
    """Unknown id, wrong secret, or none: the answer is the same."""

    status = 401
    error = "invalid_client"

    def __init__(self) -> None:
        super().__init__("Client Authentication failed")

    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        return ((b"www-authenticate", b'Basic realm="farthing"'),)


class GrantUnknown(TokenRefused):
    error = "unsupported_grant_type"


class ResponseTypeUnknown(TokenRefused):
    error = "unsupported_response_type"


class GrantRefused(TokenRefused):
    """A code or refresh token that is wrong, used, expired, or another app's."""

    error = "invalid_grant"


class ScopeRefused(TokenRefused):
    error = "invalid_scope"


class SigningKeyMissing(ValueError):
    """Live mode starts only with a key of its operator's."""

    def __init__(self) -> None:
        super().__init__("FARTHING_IDENTITY_SIGNING_KEY_FILE is not set: live mode needs a file with an Ed25519 private key in PEM")


class SigningKeyUnreadable(ValueError):
    """The file is not there, or has no Ed25519 private key."""

    def __init__(self) -> None:
        super().__init__("FARTHING_IDENTITY_SIGNING_KEY_FILE names no file with Ed25519 private keys in PEM")


class SandboxSecretsInUse(ValueError):
    """Live mode refuses a database with the sandbox's apps: everybody knows their secrets."""

    def __init__(self) -> None:
        super().__init__("this database has apps with the sandbox's published secrets: live mode needs another database")

"""What identity refuses, by `issue`."""

from __future__ import annotations

from typing import Final

from farthing.kit.errors import ApiError, Conflict, NotFound, Refused


class SignInFailed(Refused):
    """Which of the two was wrong is not told, nor is there a difference in time."""

    issue = "SIGN_IN_FAILED"
    description = "The e-mail address or the password is wrong."


class SignInThrottled(SignInFailed):
    """Too many wrong passwords for this name, whether anybody has it or not; the right one is refused as well until the time is over."""

    status = 429
    issue = "SIGN_IN_THROTTLED"
    description = "Too many attempts with this e-mail address: try again in a quarter of an hour."


class SessionNotFound(NotFound):
    """The session was ended, has expired, or never was."""

    issue = "SESSION_NOT_FOUND"
    description = "There is no such session, or it is over."


class EmailTaken(Conflict):
    """Another user signs in with this e-mail address, perhaps in other letter case."""

    issue = "EMAIL_TAKEN"
    description = "A user with this e-mail address exists."


class UserExists(Conflict):
    """The account has a user already."""

    issue = "USER_EXISTS"
    description = "A user for this account exists."


class AppNotFound(NotFound):
    issue = "APP_NOT_FOUND"
    description = "There is no such app."


class UserNotFound(NotFound):
    issue = "USER_NOT_FOUND"
    description = "No user signs in to this account."


class SecretUnavailable(Conflict):
    """The app was created with this key, and the key that its secret came from has been replaced since: create another app."""

    issue = "SECRET_UNAVAILABLE"
    description = "The app exists and its secret cannot be shown again."


class KeyReused(Conflict):
    """Something else was made with this idempotency key: another account's app, a code for another user."""

    issue = "IDEMPOTENCY_KEY_REUSED"
    description = "Something else was made with this Idempotency-Key: use a new one."


class PasswordUnfit(Refused):
    """Empty or longer than 128 characters; in live mode also shorter than 12, or the sandbox's."""

    issue = "PASSWORD_UNFIT"
    description = "The password is too short, too long or too well known."


_ALL: Final[tuple[type[ApiError], ...]] = (
    SignInFailed,
    SignInThrottled,
    SessionNotFound,
    EmailTaken,
    UserExists,
    AppNotFound,
    UserNotFound,
    SecretUnavailable,
    KeyReused,
    PasswordUnfit,
)
ERRORS: Final[dict[str, type[ApiError]]] = {error.issue: error for error in _ALL if error.issue is not None}

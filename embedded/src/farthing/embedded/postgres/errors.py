"""What can go wrong with the embedded PostgreSQL. Every message is one line that can be shown to a user as it is."""

from __future__ import annotations


class PostgresError(Exception):
    """The embedded PostgreSQL cannot be used."""


class BinariesNotFound(PostgresError):
    """The wheel with PostgreSQL's programs is not installed."""


class DataDirectoryInUse(PostgresError):
    """Another live process serves this data directory."""


class DataDirectoryUnusable(PostgresError):
    """The data directory cannot be made, read or written."""


class OtherMajorVersion(PostgresError):
    """The data directory was written by another major version of PostgreSQL."""


class NotAllowedToRun(PostgresError):
    """No way was found to run PostgreSQL as this user, or as root without root's rights."""


class PostgresDidNotStart(PostgresError):
    """PostgreSQL (or initdb) ended or hung before it accepted connections."""


class FormerServerEnding(PostgresDidNotStart):
    """Processes of a server that was killed on this data directory have not ended yet: try again in a moment."""


BY_NAME: dict[str, type[PostgresError]] = {
    error.__name__: error
    for error in (
        BinariesNotFound,
        DataDirectoryInUse,
        DataDirectoryUnusable,
        OtherMajorVersion,
        NotAllowedToRun,
        PostgresDidNotStart,
    )
}

"""How the server is configured. All of it goes on the command line: it then also holds for data directories that an older release made."""

from __future__ import annotations

DATABASE = "farthing"
SUPERUSER = "postgres"

_ALWAYS = {
    # Reached by a Unix socket in a private folder only.
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    # Small when idle: no I/O workers, no replication of any kind.
    "shared_buffers": "64MB",
    "io_method": "sync",
    "max_logical_replication_workers": "0",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "512MB",
    "min_wal_size": "64MB",
    # Short statements: compiling costs more than running, and a deadlock must not hold up its batch for a second.
    "jit": "off",
    "deadlock_timeout": "50ms",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # The log must not carry what people stored: no failed statements, no rows in details.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
    "logging_collector": "off",
}
_DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
_EPHEMERAL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def arguments(socket_dir: str, *, fsync: bool) -> list[str]:
    """Command line options of `postgres`. Without `fsync` a crash of the machine loses the cluster, so only for data nobody keeps."""
    settings = _ALWAYS | (_DURABLE if fsync else _EPHEMERAL) | {"unix_socket_directories": socket_dir}
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]

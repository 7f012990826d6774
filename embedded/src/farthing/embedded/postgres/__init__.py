"""PostgreSQL 18 from a wheel, started and stopped by us: no system package, no network port.

`server` is what a host uses (`begin_start`, `EmbeddedPostgres`); `template` makes later cold starts a copy instead of an initdb. Everything that
touches a data directory happens in a child process (`launch`) that imports the standard library only and finally becomes `postgres` itself, so
that a host can import its own modules meanwhile.
"""

"""PostgreSQL 18 from a wheel, started and stopped by us: no system package, no network port.

`server` is what a host uses; `template` makes later cold starts a copy instead of an initdb; `ephemeral` is for data that nobody keeps. All
that touches a data directory happens in a child process (`launch`) that imports the standard library only and finally becomes `postgres`
itself, so that a host can import its own modules meanwhile.

A data directory holds `postgres/` (the cluster), `postgres.log` and, while somebody serves it, `server.pid`.
"""

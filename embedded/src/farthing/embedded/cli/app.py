"""Every command, declared in one place; what they do is beside: `serve` (run the platform), `remote` (steer a running one), `facts`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from farthing.embedded.cli.failure import Failure

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="A payments platform in one process, compatible with PayPal's REST API on the wire.",
    epilog="Exit codes: 0 done; 1 the answer is no (audit, manifests --check); 2 wrong usage; 3 cannot start; "
    "4 the platform cannot be reached or refused. exec ends with its command's, or 127 if that cannot be run.",
)
_WHERE = "Of the platform at FARTHING_URL (default http://127.0.0.1:8080)."
clock = typer.Typer(no_args_is_help=True, help=f"The virtual clock that every business deadline goes through. {_WHERE}")
admin = typer.Typer(no_args_is_help=True, help="Accounts and apps.")
app.add_typer(clock, name="clock")
app.add_typer(admin, name="admin")

DEFAULT_DATA = Path(".farthing/data")
Port = Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)]
Host = Annotated[str, typer.Option(help="Address to listen on.")]
DataDir = Annotated[Path, typer.Option(help="Where the embedded PostgreSQL keeps its data.")]
DataDirOrNone = Annotated[Path | None, typer.Option(help="Where the embedded PostgreSQL keeps its data.", show_default=str(DEFAULT_DATA))]
Ephemeral = Annotated[bool, typer.Option("--ephemeral", help="Keep nothing: data in a temporary folder, without fsync.")]
DatabaseUrl = Annotated[
    str | None, typer.Option(envvar="FARTHING_DATABASE_URL", help="Use this PostgreSQL (17 or newer) instead of the embedded one.")
]
Wait = Annotated[
    float, typer.Option(help="Seconds to wait for data that another process still serves, as a successor does while that one ends.", min=0)
]
Seed = Annotated[int | None, typer.Option(help="Make the ids of a run on fresh data repeatable.")]


def _version(asked: bool) -> None:  # noqa: FBT001 - typer calls it
    from farthing.embedded.cli.build import build  # noqa: PLC0415

    if asked:
        sys.stdout.write(f"farthing {build()}\n")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,  # noqa: FBT002
) -> None:
    """What comes before any command."""


@app.command()
def up(
    port: Port = 8080,
    host: Host = "127.0.0.1",
    data_dir: DataDirOrNone = None,
    ephemeral: Ephemeral = False,  # noqa: FBT002
    database_url: DatabaseUrl = None,
    seed: Seed = None,
    wait: Wait = 0,
) -> None:
    """Run the platform until Ctrl-C."""
    from farthing.embedded.cli import serve  # noqa: PLC0415 - commands import what they need: starting quickly is a feature

    if ephemeral and data_dir is not None:
        raise Failure("--ephemeral keeps nothing and --data-dir keeps the data: choose one", 2)
    place = None if ephemeral else data_dir or DEFAULT_DATA
    raise typer.Exit(serve.up(serve.Options(port, host, place, database_url, seed, wait)))


@app.command(name="exec", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def execute(
    context: typer.Context, data_dir: Annotated[Path | None, typer.Option(help="Keep the data here.")] = None, seed: Seed = None
) -> None:
    """Start the platform on a free port, run a command against it, stop, and exit with the command's code: farthing exec -- pytest

    The command finds FARTHING_URL, FARTHING_CLIENT_ID and FARTHING_CLIENT_SECRET in its environment. After Ctrl-C the platform serves
    until the command has cleaned up; a second Ctrl-C, or SIGTERM, ends the command.
    """
    from farthing.embedded.cli import serve  # noqa: PLC0415

    if not context.args:
        raise Failure("nothing to run: farthing exec -- COMMAND [ARGUMENT ...]", 2)
    raise typer.Exit(serve.execute(serve.Options(0, "127.0.0.1", data_dir, None, seed), context.args))


@app.command(epilog=_WHERE)
def reset() -> None:
    """Bring a running sandbox back to its seed."""
    from farthing.embedded.cli import remote  # noqa: PLC0415

    remote.reset()


@app.command(epilog=_WHERE)
def approve(order_id: str, buyer: Annotated[str | None, typer.Option(help="E-mail of the buyer.")] = None) -> None:
    """Approve an order as its payer would on the page."""
    from farthing.embedded.cli import remote  # noqa: PLC0415

    remote.approve(order_id, buyer)


@app.command(epilog=_WHERE)
def fund(
    email: Annotated[str, typer.Argument(help="E-mail of the account.")],
    value: Annotated[str, typer.Argument(help="Amount in decimals, such as 100.00.")],
    currency_code: Annotated[str, typer.Argument()] = "USD",
) -> None:
    """Put money into an account's wallet."""
    from farthing.embedded.cli import remote  # noqa: PLC0415

    remote.fund(email, value, currency_code)


@app.command(epilog=_WHERE)
def audit(
    block: Annotated[int | None, typer.Option(help="A block that must still be there, as an audit answered it; with --hash.")] = None,
    digest: Annotated[str | None, typer.Option("--hash", help="The hash that this block must have; with --block.")] = None,
) -> None:
    """Prove the books; exit code 1 and the first wrong row when they do not balance, or no longer have that block."""
    from farthing.embedded.cli import remote  # noqa: PLC0415

    raise typer.Exit(remote.audit(block, digest))


@clock.command("show", epilog=_WHERE)
def clock_show() -> None:
    """Print the virtual time."""
    from farthing.embedded.cli import remote  # noqa: PLC0415

    remote.clock("GET", "clock")


@clock.command("freeze", epilog=_WHERE)
def clock_freeze() -> None:
    """Stop the clock where it is."""
    from farthing.embedded.cli import remote  # noqa: PLC0415

    remote.clock("POST", "clock/freeze")


@clock.command("unfreeze", epilog=_WHERE)
def clock_unfreeze() -> None:
    """Let the clock go on from where it is."""
    from farthing.embedded.cli import remote  # noqa: PLC0415

    remote.clock("POST", "clock/unfreeze")


@clock.command("advance", epilog=_WHERE)
def clock_advance(by: Annotated[str, typer.Argument(help="An ISO 8601 duration such as P29D or PT3H.")]) -> None:
    """Move the clock forward and wait until everything that became due is done."""
    from farthing.embedded.cli import remote  # noqa: PLC0415

    remote.clock("POST", "clock/advance", {"by": by})


@admin.command("create-account")
def create_account(
    email: str,
    kind: Annotated[str, typer.Option(help="personal or business")] = "personal",
    country: Annotated[str, typer.Option()] = "US",
    business_name: Annotated[str | None, typer.Option(help="Name of a business; its e-mail address when left out.")] = None,
    data_dir: DataDir = DEFAULT_DATA,
    database_url: DatabaseUrl = None,
) -> None:
    """Make a buyer (personal) or a merchant (business); its password is asked for, or read from FARTHING_PASSWORD.

    In sandbox mode the running platform does it (FARTHING_URL). With FARTHING_MODE=live it is written into the database itself:
    --database-url, or --data-dir while the platform is stopped.
    """
    from farthing.embedded.cli import admin as commands  # noqa: PLC0415

    commands.create_account(commands.Where(data_dir, database_url), email, kind, country, business_name)


@admin.command("create-app")
def create_app(
    account: Annotated[str, typer.Argument(help="E-mail of a business account.")],
    data_dir: DataDir = DEFAULT_DATA,
    database_url: DatabaseUrl = None,
) -> None:
    """Make an app of a merchant and print its client id and secret, once. Where it is written: as create-account."""
    from farthing.embedded.cli import admin as commands  # noqa: PLC0415

    commands.create_app(commands.Where(data_dir, database_url), account)


@app.command(epilog=_WHERE)
def rollouts(
    limit: Annotated[int, typer.Option(help="How many, newest first.", min=1, max=200)] = 20,
    service: Annotated[str | None, typer.Option(help="Of this service only.", metavar="NAME")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the observer's answer, with exact times.")] = False,  # noqa: FBT002
) -> None:
    """List the last rollouts, scale-outs, restarts and evictions of a platform on a cluster: how long each took, and what it cost.

    farthing rollouts --service orders --limit 5
    watch farthing rollouts
    farthing rollouts --json | jq '.rollouts[] | select(.outcome == "failed")'

    TOOK is the time until it was over. SLOWEST is the phase that took longest,
    in seconds, of the slowest pod; a wide terminal shows all PHASES: sched
    (a node was found), pull (its image), migrate (init containers), start,
    ready, first (the first request served). 5XX counts the requests that the
    service's pods failed meanwhile. TRACE is the id of its trace. - is unknown.

    The operator's token is read from FARTHING_OPERATOR_TOKEN.
    """
    from farthing.embedded.cli import rollouts as commands  # noqa: PLC0415

    commands.rollouts(limit, service, as_json=as_json)


@app.command()
def services() -> None:
    """List the services, their task and who calls whom."""
    from farthing.embedded.cli import facts  # noqa: PLC0415

    facts.services()


@app.command()
def manifests(
    write: Annotated[list[Path] | None, typer.Option(help="Write them into this file; may be repeated.")] = None,
    check: Annotated[list[Path] | None, typer.Option(help="Exit with 1 when this file says something else; may be repeated.")] = None,
) -> None:
    """Print the manifests as JSON: the facts that charts, policies and routes are made from."""
    from farthing.embedded.cli import facts  # noqa: PLC0415

    facts.manifests(write or [], check or [])


@app.command("dev-tokens")
def dev_tokens(folder: Path) -> None:
    """Write service tokens and their key set into a folder, for services run as separate processes on this machine."""
    from farthing.embedded.cli import facts  # noqa: PLC0415

    facts.dev_tokens(folder)


def main() -> None:
    """Exit codes: see the epilog of `--help`."""
    try:
        app()
    except Failure as failure:
        sys.stderr.write(f"farthing: {failure}\n")
        sys.exit(failure.code)

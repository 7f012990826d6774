"""`python -m farthing.embedded` is the command line."""

from farthing.embedded.cli import main

main()

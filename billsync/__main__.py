"""`python -m billsync`."""

from billsync.cli.main import main

main()

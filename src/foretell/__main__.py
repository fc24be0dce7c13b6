"""`python -m foretell`: the command `foretell`."""

from foretell.cli import main

main()

"""`python -m migpt_cli`."""

from migpt_cli.main import main

main()

"""`python -m vidstyle`."""

from vidstyle.cli.main import main

main()

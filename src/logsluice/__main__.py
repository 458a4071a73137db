"""`python -m logsluice`."""

from logsluice.cli.main import main

main()

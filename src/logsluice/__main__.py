"""`python -m logsluice`."""

import sys

from logsluice.cli.main import main

sys.exit(main())

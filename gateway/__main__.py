"""`python -m gateway` is `pingzhan`."""

import sys

from gateway.cli import main

sys.exit(main())

"""`make bench`: how fast the gateway is, beside what its parts cost at least."""

import sys

from tests.bench.command import main

sys.exit(main())

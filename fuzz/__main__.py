"""Every target, one after the other."""

import sys

from fuzz import files, mappings, signatures
from fuzz.campaign import run

sys.exit(run({"signatures": signatures.case, "files": files.case, "mappings": mappings.case}))

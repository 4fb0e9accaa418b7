"""`python -m mmgrad`."""

import sys

from mmgrad.cli import main

if __name__ == "__main__":  # processes that draw pictures import this module too
    sys.exit(main())

"""`python -m mmgrad`."""

import sys

if __name__ == "__main__":  # worker processes import this module too
    from mmgrad.cli import main

    sys.exit(main())

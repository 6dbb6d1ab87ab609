"""``python -m depthbridge``: the command line."""

from depthbridge.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    raise SystemExit(main())

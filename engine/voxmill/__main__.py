"""`python -m voxmill`."""

from voxmill.cli import main

if __name__ == "__main__":
    main()

"""`python -m twiliodest` is `twiliodest`."""

from twiliodest.cli import main

if __name__ == "__main__":
    main()

"""What went out, remembered in an SQLite file: its rows, its thread, its locks."""

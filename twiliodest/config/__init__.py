"""From YAML to settings and actions: every problem with its line and column. `keys` lists all keys."""

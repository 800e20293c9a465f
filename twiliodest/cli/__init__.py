"""What a person types: a file for each command, the options, the environment, signals."""

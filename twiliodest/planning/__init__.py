"""Events × actions: what is to be sent, also worked out in parallel processes."""

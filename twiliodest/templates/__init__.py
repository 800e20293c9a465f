"""Fields: what a path or a Liquid template makes of an event."""

"""How what was planned is finished: `deliver` posts it, `preview` says what a send would do."""

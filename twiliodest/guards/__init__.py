"""What keeps a text back: quiet hours, cooldowns, the list of numbers that are never texted, late messages."""

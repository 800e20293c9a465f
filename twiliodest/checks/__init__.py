"""What `check` and `explain` find out: real events held against the configuration, and questions to Twilio."""

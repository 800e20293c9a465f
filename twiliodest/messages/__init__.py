"""The Send SMS action and its message: phone numbers, senders, segments, further parameters."""

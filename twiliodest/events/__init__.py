"""Inputs become events: files, folders, pipes; formats and compression; JSON, batches and envelopes."""

"""What a person sees, and what scripts read: tables, progress, problems, summaries, records, rejects."""

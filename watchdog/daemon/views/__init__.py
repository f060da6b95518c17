"""The snapshot that every face shows, and the state file."""

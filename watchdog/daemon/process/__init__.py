"""The process itself: its locks, its schedule, its word to systemd, the container that it runs in."""

"""What the daemon knows, in parts with one owner each, and the one clock."""

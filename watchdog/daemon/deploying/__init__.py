"""What the daemon is to a deployment."""

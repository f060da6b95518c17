"""What the Makefile runs: scripts that prepare a machine, and the demonstration."""

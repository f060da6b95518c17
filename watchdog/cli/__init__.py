"""Commands, one file each: they ask, print and choose an exit code; they never decide."""

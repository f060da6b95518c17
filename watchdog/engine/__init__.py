"""The only room that knows Docker: look, listen, act."""

"""One worker per service: decides, asks for approval, acts, verifies and proves."""

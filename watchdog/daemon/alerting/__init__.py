"""Who is alerted, of what and when; delivery is the work of `alerts/`."""

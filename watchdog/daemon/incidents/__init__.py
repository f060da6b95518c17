"""Open incidents: opened, escalated, closed and written with their alerts in one transaction."""

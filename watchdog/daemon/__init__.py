"""The loop that watches, decides and recovers. `service.run` is `watchdog run`, `oneshot` what works without it."""

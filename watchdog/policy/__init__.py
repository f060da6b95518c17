"""What to think and what to do, as pure functions of facts and `now`. Every decision says a sentence."""

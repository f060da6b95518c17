"""Engine events, looks at containers, checks, heartbeats and journeys; which services there are."""

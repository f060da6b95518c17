"""HTTP: metrics, status and incidents for everybody on TCP; what changes something on the unix socket only."""

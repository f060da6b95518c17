"""Commands of operators: recover, pause, retire, silence."""

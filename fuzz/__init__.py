"""Hostile input at whatever reads what strangers send: `python -m fuzz`, or one target: `python -m fuzz.signatures`."""

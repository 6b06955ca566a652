"""Years of events → one write a resource: map with every core, spill by identity, fold, write once."""

"""The mapping designer: an editor in the browser, and beside it what the mapping makes of events."""

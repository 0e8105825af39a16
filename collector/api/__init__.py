"""The HTTP side: handlers translate between requests and the functions that do the work."""

"""The real programs that tests run against, and how they get onto this machine."""

"""What the collector checks itself: nothing impossible and nothing from the future gets in.

Checks are vectorised; only rows that fail are looked at one by one, for the reason they are told.
"""

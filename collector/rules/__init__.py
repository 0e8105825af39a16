"""What an edge cannot see: rules over all that gateways and sites told."""

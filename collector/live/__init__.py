"""What happens, told to all who look on, whichever process it happened in."""

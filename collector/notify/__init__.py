"""Telling people of alerts, by mail, webhook, chat and whatever else Apprise speaks."""

"""Mails that come back: where they come back to, what they say, and who takes them. See docs/decisions/0022."""

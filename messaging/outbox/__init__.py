"""The way of a message from its row to a carrier. See docs/decisions/0021-outbox.md."""

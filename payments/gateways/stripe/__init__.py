"""Stripe, by its own library, which no other folder imports."""

"""A stand-in for Stripe on loopback: accounts, keys, Checkout with its hosted page, refunds, signed webhooks.

It speaks HTTP as the real `stripe` library does, remembers the answer to each idempotency key, keeps the accounts and
the live and test data of each apart, and can be told to fail. Nothing of it knows Lastmile. See
docs/decisions/0016-card-payments.md.
"""

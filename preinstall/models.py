"""Install requests."""

"""Mercado Pago, by its HTTP interface."""

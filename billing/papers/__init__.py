"""Invoices, credit notes and statements as PDF."""

from billing.papers.contents import Paper, of_invoice, of_statement
from billing.papers.rendering import CannotRender, render

__all__ = ["CannotRender", "Paper", "of_invoice", "of_statement", "render"]

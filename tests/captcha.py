"""Solving the captcha as a browser does."""

import altcha

from core.captcha import new_challenge


def solved(purpose: str) -> str:
    """The value of a captcha field for a form of the current scope."""
    return payload(new_challenge(purpose))


def payload(challenge: dict) -> str:
    """The solution of a challenge that a page handed out."""
    task = altcha.Challenge.from_dict(challenge)
    return altcha.Payload(task, altcha.solve_challenge(task)).to_base64()

"""Install requests, and the installations that they become."""

from preinstall.models.installations import Installation, InstallationChange, InstallationPhoto
from preinstall.models.requests import (
    OPEN,
    DraftUpload,
    InstallRequest,
    RequestComment,
    RequestCounter,
    RequestDocument,
    State,
    StateChange,
)

__all__ = [
    "OPEN",
    "DraftUpload",
    "InstallRequest",
    "Installation",
    "InstallationChange",
    "InstallationPhoto",
    "RequestComment",
    "RequestCounter",
    "RequestDocument",
    "State",
    "StateChange",
]

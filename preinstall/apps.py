from django.apps import AppConfig


class PreinstallConfig(AppConfig):
    name = "preinstall"

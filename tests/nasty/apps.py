from django.apps import AppConfig


class NastyConfig(AppConfig):
    name = "tests.nasty"

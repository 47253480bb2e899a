"""What the companies of the demo say in their portals: maintenance in a zone, news, a word to one customer."""

from datetime import timedelta

from django.utils import timezone

from core.scope import public_scope
from demo.companies import Company
from subscribers.models import Announcement, Subscriber, Zone
from subscribers.services import announcements
from tenants.models import StaffUser

WORDS = {
    "es": {
        "maintenance": ("Trabajos en la torre", "Cambiamos la antena principal. Habrá cortes breves por la noche."),
        "news": ("Nuevo horario de la oficina", "Desde este mes abrimos también los sábados de 9 a 13."),
        "private": ("Su equipo ya llegó", "Puede pasar por él a la oficina cuando guste, con su identificación."),
    },
    "en": {
        "maintenance": ("Work on the mast", "We replace the main antenna. There will be short cuts at night."),
        "news": ("New hours of the office", "From this month on we are open on Saturdays, too, from 9 to 13."),
        "private": ("Your router has arrived", "Please fetch it at the office, and bring your identity card."),
    },
}


def seed_announcements(company: Company) -> None:
    """Say it all. Runs in the ISP's scope."""
    with public_scope():
        clerk = StaffUser.objects.get(email=f"support@{company.slug}.example")
    words, now, kind = WORDS[company.language], timezone.now(), Announcement.Kind
    zone = Zone.objects.order_by("pk")[0]
    titles = {name: {"title": title, "text": text} for name, (title, text) in words.items()}
    plan = {
        "kind": kind.MAINTENANCE,
        "audience": Announcement.Audience.ZONE,
        "zone": zone,
        "at_sign_in": True,
        "begins_at": now - timedelta(hours=2),
        "ends_at": now + timedelta(days=2),
    }
    announcements.announce(by=clerk, values={**titles["maintenance"], **plan})
    announcements.announce(by=clerk, values={**titles["news"], "begins_at": now - timedelta(days=3)})
    for person in Subscriber.objects.order_by("number")[:2]:
        values = {**titles["private"], "begins_at": now - timedelta(days=1)}
        announcements.announce(by=clerk, subscriber=person, values=values)

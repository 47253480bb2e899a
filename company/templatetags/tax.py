"""Tax numbers as people write them."""

from django import template

from company import tax_ids

register = template.Library()


@register.filter
def tax_id(number: str, country: str) -> str:
    """A kept tax number as people of the country write it."""
    return tax_ids.shown(number, country)


@register.simple_tag(takes_context=True)
def tax_id_name(context: template.Context) -> str:
    """What the number is called where the ISP is, such as RFC; empty where we do not know it."""
    isp = context.get("isp")
    return tax_ids.name_of(isp.country) if isp else ""

"""What a run does to the schemas of ISPs."""

from tenants.releases import current_release

COLOUR = 'migrations.AddField("gadget", "colour", models.CharField(max_length=9, default="red")),'


def test_a_new_column_comes_to_every_isp(fleet, migrate):
    made = fleet.make(3)
    migrate()
    fleet.release("0002_colour", COLOUR)
    migrate()
    for isp in made:
        assert fleet.columns(isp) == ["id", "name", "colour"]
        assert fleet.recorded(isp) == ["0001_initial", "0002_colour"]
        assert fleet.fresh(isp).release == current_release()

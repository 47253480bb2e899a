def test_home(owner, signed_in):
    page = signed_in(owner).get("/wispmega/")
    assert "What to set up next" in page.text

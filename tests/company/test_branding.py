import pytest

from company.branding import reading, readings


@pytest.mark.parametrize(
    ("one", "other", "ratio", "level"),
    [
        ("#000000", "#ffffff", 21.0, "good"),
        ("#ffffff", "#ffffff", 1.0, "poor"),
        # The grey that is known as the lightest one that level AA accepts on white, and the one after it.
        ("#767676", "#ffffff", 4.54, "good"),
        ("#777777", "#ffffff", 4.48, "large"),
        # The same for large text.
        ("#949494", "#ffffff", 3.03, "large"),
        ("#959595", "#ffffff", 2.99, "poor"),
        ("#ff0000", "#ffffff", 4.0, "large"),
        ("#0000ff", "#ffffff", 8.59, "good"),
        ("#ffff00", "#ffffff", 1.07, "poor"),
    ],
)
def test_contrast_is_that_of_wcag(one, other, ratio, level):
    found = reading(one, other)
    assert found.ratio == pytest.approx(ratio, abs=0.01)
    assert found.level == level
    assert reading(other, one).ratio == found.ratio


def test_the_text_on_a_brand_colour_is_the_one_of_two_that_reads_better():
    yellow, navy = readings("#ffcc00"), readings("#001a4d")
    assert yellow["text"].level == "good"
    assert yellow["white"].level == "poor"
    assert navy["text"].ratio == navy["white"].ratio
    assert navy["dark"].level == "poor"

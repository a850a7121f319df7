"""The time left to pay, as it passes on the page."""

import re


def minutes(tab):
    [text] = tab.locator(".o_appay_time_left").all_text_contents()
    return int(re.search(r"\((\d+) min left\)", text)[1])


def test_the_minutes_left_follow_the_clock_until_the_time_is_over(tab, practice):
    link = practice.visitor().book("with-cleo")
    tab.clock.install()
    tab.goto(link.page)
    tab.wait_for_load_state("networkidle")
    first = minutes(tab)
    assert 10 < first <= 20
    tab.clock.run_for(5 * 60_000)
    assert first - 7 < minutes(tab) <= first - 5
    assert tab.locator(".o_appay_hold").get_attribute("role") == "status"
    tab.clock.fast_forward(20 * 60_000)
    tab.get_by_text("The time to pay is over").wait_for()

"""The text part of mails: what the HTML says, in its order, with links beside their words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import mail_text

LAYOUT = """
<html><head><title>Not said</title></head><body><table><tr><td>The Practice</td>
<td><img src="/logo.png" alt=""></td></tr><tr><td colspan="2">%s</td></tr>
<tr><td><div>1 Lime Street</div><div>+33 1 · <a href="mailto:a@b.example">a@b.example</a></div></td>
</tr></table></body></html>
"""
WORDS = st.text(st.characters(categories=["L", "N"]), min_size=1)


def said(body):
    """The paragraphs of a body, without those of the layout around it."""
    paragraphs = mail_text.to_text(LAYOUT % body).split("\n\n")
    assert paragraphs[0] == "The Practice"
    assert paragraphs[-2:] == ["1 Lime Street", "+33 1 · a@b.example"]
    return paragraphs[1:-2]


def test_links_below_a_path_lose_their_address_and_keep_their_words():
    html = '<p><a href="https://linden.example/booking/answer/abc" style="color: red">Accept</a> <a'
    html += ' href="https://linden.example/odoo">open <b>it</b></a> 80,00\u00a0€</p>'
    left = mail_text.without_links(LAYOUT % html, "/booking/answer/")
    assert "answer" not in left
    assert '<a style="color: red">Accept</a>' in left
    assert 'href="https://linden.example/odoo"' in left
    assert mail_text.to_text(left) == mail_text.to_text(LAYOUT % html).replace(
        " <https://linden.example/booking/answer/abc>", ""
    )


def test_paragraphs_stay_apart_and_lines_of_the_source_do_not_count():
    assert said("<p>Hello\n   Anna,</p>\n<p>it is <strong>paid</strong>.</p>") == [
        "Hello Anna,", "it is paid.",
    ]


def test_a_row_of_label_and_value_is_one_line():
    rows = (
        "<table>\n<tr>\n<td>When</td>\n<td>Tue 24 Nov</td>\n</tr>"
        "<tr><td>Held</td><td>80.00\xa0€</td></tr></table>"
    )
    assert said(rows) == ["When: Tue 24 Nov\nHeld: 80.00\xa0€"]


def test_buttons_stand_below_each_other_with_their_address():
    buttons = (
        '<p>\n<a href="https://x.example/a?b=1&amp;c=2">Accept</a>\n'
        '<a href="https://x.example/d">Decline</a>\n</p>'
    )
    assert said(buttons) == [
        "Accept <https://x.example/a?b=1&c=2>\nDecline <https://x.example/d>"
    ]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('<p>You can <a href="https://x.example/">open it</a>.</p>',
         "You can open it <https://x.example/>."),
        ('<p><a href="https://x.example/">https://x.example/</a></p>', "https://x.example/"),
        ('<p>Call <a href="tel:+331">+33 1</a></p>', "Call +33 1"),
        ('<p><span>See <a href="https://x.example/">it</a></span></p>',
         "See it <https://x.example/>"),
        ("<p>One<br>two</p>", "One\ntwo"),
        ('<p style="white-space: pre-line;">One\n\n  two </p>', "One\n\ntwo"),
        ("<p>a &lt;b&gt; &amp; c</p>", "a <b> & c"),
        ("Loose words", "Loose words"),
    ],
)
def test_what_is_in_a_line(html, text):
    assert "\n\n".join(said(html)) == text


@pytest.mark.parametrize(
    "html", ["<p> \n&nbsp;</p>", "<!-- no -->", "<style>p {}</style>", '<img src="x">']
)
def test_what_has_no_words_leaves_no_line(html):
    assert said(html) == []


@pytest.mark.parametrize("html", ["", "  ", None, "<html></html>"])
def test_nothing_is_nothing(html):
    assert mail_text.to_text(html) == ""


@given(st.lists(WORDS, min_size=1, max_size=5), st.sampled_from(["p", "div", "li", "h2"]))
def test_no_word_is_lost_or_doubled(words, tag):
    assert said("".join(f"<{tag}>{word}</{tag}>" for word in words)) == words

"""The text part of a mail: what its HTML says, for whoever reads plain text; and its links."""

import re

from lxml import etree

BLOCKS = {"blockquote", "center", "div", "h1", "h2", "h3", "li", "ol", "p", "table", "td", "th",
          "ul"}  # fmt: skip
LEFT_OUT = {"head", "script", "style", "title"}
# addresses that mail programs recognise by themselves
PLAIN_SCHEMES = ("mailto:", "tel:")
# spaces that do not break a line, as between an amount and its currency, stay
SPACES = re.compile(r"[ \t\r\f]+")
BREAK = "\v"


def to_text(html):
    """Return a mail as text: paragraphs, a line for each row of a table, links beside their words.

    Pictures are left out. A table in a mail is a layout, or rows of a label and a value.

    :param str html: the whole mail
    :rtype: str
    """
    tree = etree.HTML(html) if html and html.strip() else None
    if tree is None:
        return ""
    body = tree.find("body")
    return "\n\n".join(_read(tree if body is None else body))


def without_links(html, path):
    """Return a mail without the links that lead below a path; their words stay.

    :param str html: the whole mail
    :param str path: part of an address, such as "/booking/answer/"
    :rtype: str
    """
    tree = etree.HTML(html)
    for link in tree.iterfind(".//a[@href]"):
        if path in link.get("href"):
            del link.attrib["href"]
    return etree.tostring(tree, encoding="unicode", method="html")


def _read(element):
    """Return the paragraphs of an element.

    :param element: of lxml
    :rtype: list[str]
    """
    if element.tag == "table":
        return _read_table(element)
    keeps_lines = "pre-line" in (element.get("style") or "")
    found, running = [], [(element.text, False)]
    for child in element:
        if child.tag in BLOCKS:
            found += [*_end(running, keeps_lines), *_read(child)]
            running = []
        else:
            running += _read_inline(child)
        running.append((child.tail, False))
    return found + _end(running, keeps_lines)


def _read_inline(element):
    """Yield the parts of what stands in a line, each with whether it is a link."""
    if not isinstance(element.tag, str) or element.tag in LEFT_OUT:
        return
    address = element.get("href", "") if element.tag == "a" else ""
    if address and not address.startswith(PLAIN_SCHEMES):
        words = re.sub(r"[ \t\r\n]+", " ", "".join(element.itertext())).strip()
        yield (f"{words} <{address}>" if words != address else address), True
        return
    yield (BREAK if element.tag == "br" else element.text), False
    for child in element:
        yield from _read_inline(child)
        yield child.tail, False


def _end(running, keeps_lines):
    """Return what has run on so far as a paragraph; as none when there are no words.

    :param list running: parts of text, each with whether it is a link
    :param bool keeps_lines: whether line breaks count
    :rtype: list[str]
    """
    parts = [(text, is_link) for text, is_link in running if text]
    # buttons side by side stand below each other
    only_links = all(is_link or not text.strip() for text, is_link in parts)
    text = (BREAK if only_links else "").join(text for text, _is_link in parts)
    lines = (text if keeps_lines else text.replace("\n", " ")).replace(BREAK, "\n").split("\n")
    lines = [SPACES.sub(" ", line).strip(" \xa0") for line in lines]
    text = "\n".join(lines if keeps_lines else filter(None, lines)).strip("\n")
    return [text] if text else []


def _read_table(table):
    """Return the paragraphs of a table; rows of a label and a value are the lines of one.

    :param element table: of lxml
    :rtype: list[str]
    """
    found, lines = [], []
    for row in table.iter("tr"):
        if next(row.iterancestors("table")) is not table:
            continue  # of a table within
        cells = [cell for cell in map(_read, row) if cell]
        if len(cells) > 1 and all(len(cell) == 1 for cell in cells):
            lines.append(": ".join(cell[0] for cell in cells))
            continue
        found += _join(lines) + [paragraph for cell in cells for paragraph in cell]
        lines = []
    return found + _join(lines)


def _join(lines):
    return ["\n".join(lines)] if lines else []

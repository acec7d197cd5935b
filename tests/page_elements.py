"""The elements of an HTML page, for tests that search them."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass(frozen=True)
class Element:
    tag: str
    attributes: dict[str, str | None]
    #: The text in it, including that of inner elements.
    text: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return " ".join("".join(self.text).split())


class Page(HTMLParser):
    """All elements of a page, in order."""

    VOID = frozenset({"img", "input", "link", "meta", "path", "rect", "circle"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        element = Element(tag, dict(attrs))
        self.elements.append(element)
        if tag not in self.VOID:
            self._open.append(element)

    def handle_endtag(self, tag):
        if tag in self.VOID:
            return
        while self._open and self._open.pop().tag != tag:
            pass

    def handle_data(self, data):
        for element in self._open:
            element.text.append(data)

    def all(self, tag: str) -> list[Element]:
        return [element for element in self.elements if element.tag == tag]

    def text_of(self, tag: str) -> str:
        """Return the text of the first element with this tag."""
        return str(self.all(tag)[0])

    def classes_of(self, tag: str) -> list[str | None]:
        return [element.attributes.get("class") for element in self.all(tag)]

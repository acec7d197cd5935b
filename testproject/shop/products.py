"""The products of the shop, and the search for them."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher


@dataclass(frozen=True, slots=True)
class Product:
    """A product. Its picture is static/shop/art/SLUG.svg."""

    slug: str
    name: str
    kind: str
    #: Price in euros.
    price: int
    line: str
    description: str

    @property
    def picture(self) -> str:
        """The path of the picture, relative to the static files."""
        return f"shop/art/{self.slug}.svg"


PRODUCTS = (
    Product(
        "harbour",
        "Harbour",
        "teapot",
        34,
        "Pours without a drip. We checked.",
        "Stoneware from the one kiln that answered our letters. Holds four cups, or one evening.",
    ),
    Product(
        "moth",
        "Moth",
        "reading lamp",
        58,
        "Bright enough for one more chapter.",
        "A shade of folded steel and a switch that clicks as a switch should. "
        "Turns towards you, and away from whoever is asleep.",
    ),
    Product(
        "lull",
        "Lull",
        "blanket",
        72,
        "Heavier than it looks, in a good way.",
        "Two kilograms of lambswool, woven in stripes. Nobody has finished a film under it yet.",
    ),
    Product(
        "tuesday",
        "Tuesday",
        "notebook",
        12,
        "For plans of a reasonable size.",
        "96 pages that lie flat, dotted, numbered. The last ten can be torn out "
        "and need not be explained.",
    ),
    Product(
        "puddle",
        "Puddle",
        "bowl",
        18,
        "Soup looks better in it.",
        "Glazed in the color of rain that has stopped. No two are alike, and we like it that way.",
    ),
    Product(
        "ember",
        "Ember",
        "candle",
        15,
        "Smells of nothing at all.",
        "Beeswax, forty hours, no scent: light, and a reason to switch off the other one.",
    ),
)

BY_SLUG = {product.slug: product for product in PRODUCTS}

#: Words that are at least this similar count as misspellings of the same word.
ALIKE = 0.72


def find(query: str) -> list[Product]:
    """Return the products whose name or kind contains the words, without misspellings."""
    wanted = query.casefold()
    return [each for each in PRODUCTS if wanted in f"{each.name} {each.kind}".casefold()]


def likeness(product: Product, query: str) -> float:
    """Return the highest similarity (0 to 1) between a word of the query and one of the product."""
    return max(
        SequenceMatcher(None, asked, known).ratio()
        for asked in query.casefold().split()
        for known in f"{product.name} {product.kind}".casefold().split()
    )

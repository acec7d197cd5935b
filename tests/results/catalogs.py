"""A catalog of all texts on the results' pages, translated into non-English letters."""

from __future__ import annotations

import ast
import re
import struct
from pathlib import Path

from django.template.loader import get_template
from django.templatetags.i18n import BlockTranslateNode, TranslateNode

import proctor

PACKAGE = Path(proctor.__file__).parent

#: Placeholders in a template, which a translation must keep.
PLACE = re.compile(r"\{\w+\}|%\(\w+\)s|%%")
#: Wide letters: `Group` becomes `Ｇｒｏｕｐ`.
WIDE = {
    ord(letter): ord(letter) + 0xFEE0 for letter in map(chr, range(65, 123)) if letter.isalpha()
}

_ONE = {"_", "gettext", "gettext_lazy", "gettext_noop"}
_TWO = {"ngettext", "ngettext_lazy"}


def translated(text):
    """Return the text in wide letters, with its placeholders unchanged."""
    places = [*PLACE.findall(text), ""]
    parts = PLACE.split(text)
    return "".join(a.translate(WIDE) + b for a, b in zip(parts, places, strict=True))


def texts_of_code(folder):
    """Yield the marked texts of a folder's modules: tuples of one or two."""
    for path in sorted((PACKAGE / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                number = 1 if name in _ONE else 2 if name in _TWO else 0
                given = node.args[:number]
                if given and all(isinstance(each, ast.Constant) for each in given):
                    yield tuple(each.value for each in given)


def texts_of_templates(folder):
    """Yield the translatable texts in a folder's templates."""
    for path in sorted((PACKAGE / "templates" / folder).glob("*.html")):
        nodes = get_template(f"{folder}/{path.name}").template.nodelist
        for node in nodes.get_nodes_by_type(TranslateNode):
            yield (node.filter_expression.var.literal,)
        for node in nodes.get_nodes_by_type(BlockTranslateNode):
            forms = [node.singular, node.plural] if node.plural else [node.singular]
            yield tuple(node.render_token_list(form)[0] for form in forms)


def write_catalog(folder, language, texts):
    """Write a compiled catalog, as msgfmt would, into a folder for LOCALE_PATHS."""
    head = "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n"
    entries = {"": head}
    for forms in texts:
        entries["\0".join(forms)] = "\0".join(map(translated, forms))
    pairs = sorted((one.encode(), other.encode()) for one, other in entries.items())
    table, data = [], b""
    start = 28 + 16 * len(pairs)
    for column in (0, 1):
        for pair in pairs:
            table += [len(pair[column]), start + len(data)]
            data += pair[column] + b"\0"
    numbers = [0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 0, *table]
    path = folder / language / "LC_MESSAGES" / "django.mo"
    path.parent.mkdir(parents=True)
    path.write_bytes(struct.pack(f"<{len(numbers)}I", *numbers) + data)

"""The shop with two branches, and three tests to promote: `promoting_shop PORT`.

The revision of buttoncolortst on trunk would break the site and the newsletter; the others would
break nothing.
"""

from __future__ import annotations

import os
import sys

os.environ["SHOP_SETTINGS"] = "tests.editor.shop_of_branches"

from tests.live import editor_shop


def prepare():
    """Change three tests on trunk, once."""
    import json

    from proctor.editor.access.permissions import command
    from proctor.editor.applications.registering import register
    from proctor.editor.changes import services
    from proctor.editor.models import Application
    from proctor.editor.publishing.heads import definition_of, head_of

    if Application.objects.filter(name="mobile").exists():
        return
    ada = command("ada")
    mobile = {"tests": {"newfeaturerollout": {"buckets": {"inactive": -1}}, "checkouttst": {}}}
    register(ada, "mobile", "trunk", json.dumps(mobile), version="4.2")
    head = head_of("buttoncolortst", "trunk")
    document = definition_of(head).to_dict()
    document["buckets"].append(
        {"name": "red", "value": 3, "description": "", "payload": {"stringValue": "#b42318"}}
    )
    ranges = document["allocations"][-1]["ranges"]
    ranges[-1]["length"] -= 0.1
    ranges.append({"bucketValue": 3, "length": 0.1})
    text = json.dumps(document)
    services.edit(ada, "buttoncolortst", text, base=head.id, message="A fourth color")
    for name, shares in (("newfeaturerollout", {1: 0.75}), ("freedeliverytst", {0: 0.4, 1: 0.6})):
        head = head_of(name, "trunk")
        index = len(definition_of(head).test.allocations) - 1
        services.ramp(ada, name, "trunk", index, shares, base=head.id, message="On to more")


if __name__ == "__main__":
    editor_shop.main(sys.argv[1], prepare)

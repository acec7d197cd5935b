"""Definitions in the editor's form, as sent by pages."""

from __future__ import annotations

import json


def ranges(**shares):
    values = {"inactive": -1, "control": 0, "blue": 1}
    return [{"bucketValue": values[name], "length": length} for name, length in shares.items()]


def document(**changes):
    """Return a definition with three buckets; *changes* replace fields."""
    return {
        "constants": {},
        "specialConstants": {},
        "salt": "&buttontst",
        "rule": None,
        "buckets": [
            {"name": "inactive", "value": -1, "description": ""},
            {"name": "control", "value": 0, "description": ""},
            {"name": "blue", "value": 1, "description": ""},
        ],
        "allocations": [{"rule": None, "ranges": ranges(control=0.5, blue=0.5)}],
        "silent": False,
        "metaTags": [],
        "testType": "ACCOUNT",
        "description": "The colour of the button",
        "dependsOn": None,
        "evaluateForIncognitoUsers": False,
        "enableUnitlessAllocations": False,
        "forceLogging": False,
        "payloadExperimentConfig": None,
        **changes,
    }


def text_of(**changes):
    """Return the same definition as JSON."""
    return json.dumps(document(**changes))


def shares(**lengths):
    """Return one allocation with these shares."""
    return [{"rule": None, "ranges": ranges(**lengths)}]

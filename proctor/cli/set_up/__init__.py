"""`init`: add django-proctor to a Django project without changing anything else.

`project` finds the files, `steps` determines the missing parts, `edits` inserts these parts into
the text and checks the syntax tree of the result, and `trial` writes the files and runs `manage.py
check`. No module here imports Django: the check runs in a separate process.
"""

from __future__ import annotations

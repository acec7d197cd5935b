"""The pages for visitors who may force groups, at the same URLs as in django-proctor 1.

path("private/", include("proctor.urls"))
"""

from __future__ import annotations

from django.urls import path, re_path

from proctor import views

urlpatterns = [
    path("proctor/force/", views.groups_page, name="forcegroups"),
    path("proctor/groups.json", views.groups_json, name="proctor_groups_json"),
    # Version 1 also matched all longer paths that start like this. `\Z` excludes them.
    re_path(r"^proctor/show/?\Z", views.show_test_matrix, name="proctor_showtestmatrix"),
    re_path(r"^showTestMatrix/?\Z", views.show_test_matrix, name="showtestmatrix"),
]

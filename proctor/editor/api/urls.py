"""The URLs of the API, relative to `api/`."""

from __future__ import annotations

from django.urls import path, re_path

from proctor.editor.api import applications, proposing, reading, scheduling, writing
from proctor.editor.api.endpoint import endpoint, no_such_address

urlpatterns = [
    path("tests/", endpoint(get=reading.get_tests), name="api_tests"),
    path("tests/<path:test>/history/", endpoint(get=reading.get_history), name="api_history"),
    path("tests/<path:test>/promote/", endpoint(post=writing.post_promote), name="api_promote"),
    path("tests/<path:test>/stop/", endpoint(post=writing.post_stop), name="api_stop"),
    path("tests/<path:test>/release/", endpoint(post=writing.post_release), name="api_release"),
    path("tests/<path:test>/rollback/", endpoint(post=writing.post_rollback), name="api_rollback"),
    # This pattern comes last: it matches the URLs above, too, because an imported test's name can
    # contain a slash.
    path(
        "tests/<path:test>/",
        endpoint(get=reading.get_test, put=writing.put_test, delete=writing.delete_test),
        name="api_test",
    ),
    path(
        "proposals/",
        endpoint(get=proposing.get_proposals, post=proposing.post_proposals),
        name="api_proposals",
    ),
    path(
        "proposals/<int:proposal>/",
        endpoint(get=proposing.get_proposal, put=proposing.put_proposal),
        name="api_proposal",
    ),
    *(
        path(
            f"proposals/<int:proposal>/{name}/",
            endpoint(post=handler),
            name=f"api_proposal_{name}",
        )
        for name, handler in (
            ("approve", proposing.post_approve),
            ("reject", proposing.post_reject),
            ("comment", proposing.post_comment),
            ("publish", proposing.post_publish),
            ("withdraw", proposing.post_withdraw),
        )
    ),
    path(
        "schedules/",
        endpoint(get=scheduling.get_schedules, post=scheduling.post_schedule),
        name="api_schedules",
    ),
    path(
        "schedules/<int:proposal>/",
        endpoint(get=scheduling.get_schedule),
        name="api_schedule",
    ),
    *(
        path(
            f"schedules/<int:proposal>/{name}/",
            endpoint(post=handler),
            name=f"api_schedule_{name}",
        )
        for name, handler in (
            ("cancel", scheduling.post_cancel),
            ("resume", scheduling.post_resume),
            ("reschedule", scheduling.post_reschedule),
        )
    ),
    path("check/", endpoint(post=writing.post_check), name="api_check"),
    path(
        "applications/",
        endpoint(get=applications.get_applications),
        name="api_applications",
    ),
    path(
        "applications/<str:test>/<str:environment>/",
        endpoint(
            get=applications.get_application,
            put=applications.put_application,
            delete=applications.delete_application,
        ),
        name="api_application",
    ),
    # Match only URLs that end in a slash, so that Django still appends a missing slash.
    re_path("^(?:.*/)?$", no_such_address),
]

"""The URLs of the editor's pages."""

from __future__ import annotations

from django.urls import path

from proctor.editor.pages import (
    act_views,
    applications_view,
    edit_view,
    list_view,
    matrix_view,
    promote_view,
    stop_views,
    test_view,
    tokens_view,
)
from proctor.editor.pages.review import proposal_view, waiting_view
from proctor.editor.pages.schedules import views as schedule_views
from proctor.editor.pages.sign_in import SignIn, SignOut

__all__ = ["page_patterns"]

page_patterns = [
    path("", list_view.tests, name="tests"),
    path("create/", edit_view.create, name="create"),
    path("check/", edit_view.check_panel, name="check"),
    path("review/", waiting_view.review, name="review"),
    path("review/<int:number>/", proposal_view.proposal, name="proposal"),
    path("matrix/", matrix_view.matrix, name="matrix"),
    path("matrix/import/", matrix_view.import_matrix, name="import"),
    path("promote/", promote_view.promote, name="promote"),
    path("applications/", applications_view.applications, name="applications"),
    path(
        "applications/<str:name>/<str:environment>/",
        applications_view.application,
        name="application",
    ),
    path("stop/", stop_views.stop_any, name="stop_any"),
    path("tokens/", tokens_view.tokens, name="tokens"),
    path("schedule/", schedule_views.schedules, name="schedules"),
    path("schedule/<int:number>/cancel/", schedule_views.cancel, name="schedule_cancel"),
    path("schedule/<int:number>/resume/", schedule_views.resume, name="schedule_resume"),
    path("sign-in/", SignIn.as_view(), name="sign_in"),
    path("sign-out/", SignOut.as_view(), name="sign_out"),
    path("tests/<path:test>/edit/", edit_view.edit, name="edit"),
    path("tests/<path:test>/compare/", test_view.compare, name="compare"),
    path("tests/<path:test>/stop/", stop_views.stop, name="stop"),
    path("tests/<path:test>/release/", stop_views.release, name="release"),
    path("tests/<path:test>/raise/", act_views.raise_shares, name="raise"),
    path("tests/<path:test>/schedule/", schedule_views.ramp, name="ramp"),
    path("tests/<path:test>/finish/", act_views.finish, name="finish"),
    path("tests/<path:test>/roll-back/", act_views.roll_back, name="roll_back"),
    path("tests/<path:test>/delete/", act_views.delete, name="delete"),
    path("tests/<path:test>/", test_view.test, name="test"),
]

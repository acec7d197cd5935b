"""Links from Django's admin to the editor, for sites that use both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpResponseRedirect
from django.urls import reverse

from proctor.editor.access.permissions import APP, VIEW
from proctor.editor.models import Head

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

__all__ = ["EditorAdmin"]


@admin.register(Head)
class EditorAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic when it runs
    """Admin pages that redirect to the editor, so that no change bypasses its checks or history."""

    def changelist_view(self, request: HttpRequest, *_args: Any, **_options: Any) -> HttpResponse:
        """Redirect to the list of tests."""
        return HttpResponseRedirect(reverse("proctor_editor:tests"))

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Return whether the user may see tests in the editor."""
        return request.user.has_perm(f"{APP}.{VIEW}")

    def has_view_permission(self, request: HttpRequest, _object: Any = None) -> bool:
        """Return whether the user may see tests in the editor."""
        return request.user.has_perm(f"{APP}.{VIEW}")

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """Return False: tests are created in the editor."""
        return False

    def has_change_permission(self, _request: HttpRequest, _object: Any = None) -> bool:
        """Return False: tests are changed in the editor."""
        return False

    def has_delete_permission(self, _request: HttpRequest, _object: Any = None) -> bool:
        """Return False: tests are deleted in the editor."""
        return False

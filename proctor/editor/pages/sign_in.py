"""Sign-in and sign-out pages, for sites that do not have their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.views import LoginView, LogoutView

from proctor.conf import settings
from proctor.editor.pages.answers import address

if TYPE_CHECKING:
    from django.http import HttpResponse

__all__ = ["SignIn", "SignOut"]


class SignIn(LoginView):
    """Sign in with a name and a password."""

    template_name = "proctor/editor/page.html"
    redirect_authenticated_user = False

    def get_default_redirect_url(self) -> str:
        """Return the URL of the list of tests."""
        return address("tests")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the context that the editor's page frame needs."""
        return super().get_context_data(
            **kwargs,
            base_template=settings.PROCTOR_BASE_TEMPLATE,
            page_template="proctor/editor/sign_in.html",
            page_title="Sign in",
        )


class SignOut(LogoutView):
    """Sign out, and redirect to the sign-in page."""

    def get_default_redirect_url(self) -> str:
        """Return the URL of the list of tests, which redirects to the sign-in page."""
        return address("tests")

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Sign out."""
        response: HttpResponse = super().post(request, *args, **kwargs)
        return response

"""The URLs of the shop."""

from __future__ import annotations

from django.urls import path

from testproject.shop import views

app_name = "shop"

urlpatterns = [
    path("", views.home, name="home"),
    path("things/<slug:slug>/", views.product, name="product"),
    path("search/", views.search, name="search"),
    path("basket/", views.basket, name="basket"),
    path("basket/add/", views.add_to_basket, name="add-to-basket"),
    path("basket/order/", views.order, name="order"),
    path("basket/empty/", views.empty_basket, name="empty-basket"),
    path("you/", views.you, name="you"),
    path("you/change/", views.change, name="change"),
    path("you/someone-else/", views.become_somebody_else, name="become-someone-else"),
]

"""Helpers that make the apps' models behave the same way on all databases."""

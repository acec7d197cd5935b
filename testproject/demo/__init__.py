"""The demo, started by `manage.py demo`: the shop after two weeks of visits.

It is a separate app, which the settings install only if SHOP_DEMO is 1.
"""

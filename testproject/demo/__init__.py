"""The demo: the shop after two weeks of visits, started by `manage.py demo`.

It is a separate app, which the settings install only if SHOP_DEMO is 1.
"""

"""The command `python -m proctor`: one module for each sub-command, and shared modules.

The command uses only the core. Functions that print take values and a stream, so that other
programs can call them.
"""

"""The command `python -m proctor`: a module for each sub-command, and what they share.

Uses only the core. What prints takes values and a stream, so that other programs can
print the same.
"""

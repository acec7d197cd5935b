"""The rule language: Unified EL 2.2 as Proctor runs it."""

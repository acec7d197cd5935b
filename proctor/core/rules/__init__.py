"""The rule language: Unified EL 2.2 as Proctor evaluates it."""

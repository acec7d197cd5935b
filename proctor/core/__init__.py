"""The engine. Imports no Django and reads no settings."""

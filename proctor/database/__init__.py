"""Fields and helpers with which apps that store rows behave the same on all databases."""

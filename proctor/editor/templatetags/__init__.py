"""Filters for the editor's templates."""

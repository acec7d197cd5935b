"""The filters of the editor's templates."""

"""The model side: from a recipe to a verified, versioned SavedModel in the model store."""

"""Recipes of the models that are served."""

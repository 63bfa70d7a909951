"""The Compare tab: one photo, several models."""

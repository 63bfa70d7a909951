"""The Catalog tab: every model, and what this machine holds of it."""

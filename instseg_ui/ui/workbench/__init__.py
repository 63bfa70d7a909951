"""The photos and the models, chosen once beside every view."""

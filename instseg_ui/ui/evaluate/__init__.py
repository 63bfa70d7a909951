"""The Evaluate tab: models measured against annotated pictures."""

"""The Segment tab: one photo, one model."""

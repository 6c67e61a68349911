"""The bridge between the speakers and Home Assistant."""

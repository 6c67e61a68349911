"""`migpt shell`: talk to the speakers line by line, and see what happens meanwhile."""

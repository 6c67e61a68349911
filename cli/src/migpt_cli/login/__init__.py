"""`migpt login`: a person logs in to a Xiaomi account on the terminal."""

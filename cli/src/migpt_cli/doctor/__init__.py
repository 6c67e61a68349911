"""`migpt doctor`: looks at everything that has to work, and says in plain words what does not."""

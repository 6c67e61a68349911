"""`migpt demo`: the whole chain with simulated speakers and a scripted model."""

"""Questions that a program has asked of the person at a speaker (`do/ask_user`), and what the person answers."""

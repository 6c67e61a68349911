"""Who may come in: password, sessions, limits on trying, reverse proxies, and the guard in front of everything."""

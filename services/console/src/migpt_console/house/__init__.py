"""What the console knows of the running system, kept up to date from the bus."""

from migpt_console.house.feed import Change, Feed
from migpt_console.house.live import House
from migpt_console.house.residents import Process, Speaker

__all__ = ["Change", "Feed", "House", "Process", "Speaker"]

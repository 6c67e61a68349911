"""`migpt up`: all services as processes of this machine."""

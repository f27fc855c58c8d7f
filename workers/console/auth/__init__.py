"""Access to the console: passwords, sessions, URL tokens, and the middleware that checks every request."""

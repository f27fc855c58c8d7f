"""Who may use the console: sessions, tokens, and what is refused before a page is asked."""

"""The console: a web interface to see and operate Sluice. ASGI application: `workers.console.app:app`."""

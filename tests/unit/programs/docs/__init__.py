"""The generator of the documentation's tables and the checks of the built site."""

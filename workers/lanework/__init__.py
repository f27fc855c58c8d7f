"""The work of the lanes: what is done with entries that were taken. One module a kind of lane."""

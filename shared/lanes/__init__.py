"""What both sides know of lanes: key names, the intake lanes, and the push script."""

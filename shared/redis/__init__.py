"""Redis connections and Lua scripts."""

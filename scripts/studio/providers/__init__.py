"""One module a vendor, loaded by the name that `data/registry.json` gives it."""

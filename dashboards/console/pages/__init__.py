"""The pages, one file each: `PAGES` says which addresses it serves, and who may ask for them."""

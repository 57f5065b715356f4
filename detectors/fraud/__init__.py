"""One file per fraud type; the file's name is the detector's name."""

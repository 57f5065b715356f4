"""The lab: what runs on the past to make models and to compare them."""

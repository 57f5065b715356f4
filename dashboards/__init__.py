"""What is stored and seen: tables, the store, later the dashboards and the console."""

"""Grafana: dashboards as code in `boards`, the JSON they make in `json`, provisioning files."""

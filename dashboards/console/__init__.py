"""The console: alerts are triaged, rules tried, feeds watched. It holds no SQL and no rule of the business."""

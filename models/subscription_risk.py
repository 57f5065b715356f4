"""Subscription risk: how likely an order will never be paid for, learnt from verdicts by trees fitted as they come."""

from models.order_view import OrderView
from models.small_forest import SmallForest


class SubscriptionRisk(OrderView, SmallForest):
    """Trees over ten inputs of an order."""

    name = "subscription_risk"
    version = 1

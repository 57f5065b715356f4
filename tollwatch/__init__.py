"""Tollwatch: fraud management and revenue assurance for telecom operators. Here are the words everyone speaks."""

__version__ = "0.1.0"

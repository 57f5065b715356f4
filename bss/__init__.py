"""The rest of the business support system: one module per companion, none importing another."""

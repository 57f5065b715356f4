"""Payments: from the gateway to the ledger to the account, allocated to invoices; refunds, chargebacks, dunning."""

"""Activation: service orders carried out in the network, which is a table here: what an HLR or a AAA server knows."""

"""Faster or smaller forms of the same arithmetic: recurrence, label attention, products, gradients."""

"""The same arithmetic in less time or memory: recurrence, label attention, products, gradients."""

"""Whether the tests notice a wrong program: small changes of the source, one at a time."""

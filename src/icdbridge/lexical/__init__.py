"""Names of codes found in notes: lexical evidence, with its place, for every code at once."""

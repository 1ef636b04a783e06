"""Requests as values: one frozen dataclass for each endpoint, which one call reads.

A wrong request raises ParameterError, with a pointer to the parameter."""

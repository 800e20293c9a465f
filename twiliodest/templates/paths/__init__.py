"""JSONPath (RFC 9535): `syntax` reads a path, `compiler` makes a function of it."""

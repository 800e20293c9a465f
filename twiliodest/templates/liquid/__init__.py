"""Liquid: `syntax` reads a template, `compiler` makes closures of it; `filters` and `tags` are what it offers."""

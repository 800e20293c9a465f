"""FQL, the language of triggers: `grammar` reads it, `matching` compiles it; `functions` are what it offers."""

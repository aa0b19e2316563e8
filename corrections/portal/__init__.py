"""The subject's own view, on her phone: what binds her, her leave, what is held on her, how to object, checking in."""

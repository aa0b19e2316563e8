"""The officer's pages: plain HTML made by the server, without scripts and without anything from elsewhere."""

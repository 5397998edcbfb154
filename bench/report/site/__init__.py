"""The report of a scale as a site: static pages that need no server and no network."""

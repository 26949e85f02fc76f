"""How versions answer: exported files, the engines that run them, the API."""

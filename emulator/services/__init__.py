"""One module or folder per published API: parse, call, answer."""

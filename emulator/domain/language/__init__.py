"""The expression language of mapping sets: text to tree, tree to callables, and the functions it knows."""

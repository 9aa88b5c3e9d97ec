"""One small adapter per tool. Each runs in the tool's own environment and needs nothing else but numpy.

`PACKAGE` is the distribution whose version is recorded. A function `(case) -> call` prepares a case in memory, as its
user would have it, and returns what is timed: a call without arguments that computes all features of the region once.
`features(result)` gives the features in what a call returned; it is not timed.
"""

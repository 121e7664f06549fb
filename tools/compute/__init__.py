"""Who runs what, where and when: the queue, the worker processes and the pool."""

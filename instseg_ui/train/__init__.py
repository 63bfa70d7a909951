"""The embedded network taught on a user's own pictures, in a process of its own, with Paddle.

`network` is its one definition, `session` starts a run and follows it, `course` is what the process
does, `folder` what it ends in. Importing this package alone imports nothing.
"""

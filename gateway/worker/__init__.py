"""gunicorn's threaded worker, for clients that may be slow, many or gone.

gunicorn's own gives a thread to whoever connects, and the thread then waits for the request to come. Here the event
loop reads requests, and a thread takes one only when all of it has arrived: clients that are idle, or send a byte a
second, hold nothing but a connection. What a client does not read at once, the event loop sends as well.
"""

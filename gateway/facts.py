"""What the worker tells the application of a request, in its WSGI environment; other servers tell nothing."""

ARRIVED = "gateway.arrived"  # when all of it had arrived; a float of `time.monotonic()`
OVERLOADED = "gateway.overloaded"  # whether it is one too many: there is no thread to predict in
DRAINING = "gateway.draining"  # whether the worker is about to stop
TOO_LARGE = "gateway.too_large"  # whether its body is larger than may be: not all of it has been read

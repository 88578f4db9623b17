"""How gRPC keeps its connections to the model server: balancing, health, retries, dead ends, reconnecting, sizes.

docs/reliability.md tells what comes of it when a server fails, with figures.
"""

import json

SERVICE_CONFIG = {
    "loadBalancingConfig": [{"round_robin": {}}],
    # A server that says of itself that it cannot serve gets no calls (https://github.com/grpc/proposal, A17). One that
    # has no such service counts as healthy.
    "healthCheckConfig": {"serviceName": ""},
    "methodConfig": [
        {
            "name": [{}],
            # gRPC's own retry (A6), on another server where there is one, and only where this one cannot have answered:
            # while it restarts, or is gone. Once an answer has begun, there is none.
            "retryPolicy": {
                "maxAttempts": 3,
                "initialBackoff": "0.02s",
                "maxBackoff": "0.2s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ],
}
PING_PART, SILENCE_PART = 0.4, 0.3  # of a request's time; the rest is for asking another server
LEAST_SECONDS = 1.0  # gRPC pings no more often, and a busy server may take a moment to answer
MOST_SILENCE_SECONDS = 5.0


def channel_options(timeout_seconds: float) -> list[tuple[str, str | int]]:
    """The options of a channel.

    A server that freezes, or whose machine is gone, says nothing, and calls would hang until their deadlines; on a lost
    machine, for a quarter of an hour. So gRPC pings while a call waits and nothing comes in, and closes a connection
    on which a ping is not answered or data is not acknowledged; the calls are then made again elsewhere.

    A server hangs up on whoever pings three times while it sends nothing itself (`too_many_pings`). In the time of a
    request there are two pings at most, so a slow answer is no reason; where there is no traffic, gRPC pings once a
    minute, and at half the rate each time that a server has hung up.

    Args:
        timeout_seconds: How long a request may take.

    Returns:
        The options by their names in gRPC.
    """
    ping = max(PING_PART * timeout_seconds, LEAST_SECONDS)
    silence = min(max(SILENCE_PART * timeout_seconds, LEAST_SECONDS), MOST_SILENCE_SECONDS)
    return [
        ("grpc.service_config", json.dumps(SERVICE_CONFIG)),
        # gRPC would wait up to two minutes between attempts. A server that is back should be found at once, by each
        # worker on its own; an attempt on the private network costs little. min_: how long one attempt may take.
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 250),
        ("grpc.min_reconnect_backoff_ms", 1000),
        ("grpc.dns_min_time_between_resolutions_ms", 1000),
        ("grpc.keepalive_time_ms", round(1000 * ping)),
        ("grpc.keepalive_timeout_ms", round(1000 * silence)),  # for the kernel: TCP_USER_TIMEOUT
        ("grpc.http2.ping_timeout_ms", round(1000 * silence)),  # for pings: grpcio 1.85 heeds this one alone
        # Sizes are bounded by the gateway's own limits on bodies and rows.
        ("grpc.max_send_message_length", -1),
        ("grpc.max_receive_message_length", -1),
        ("grpc.enable_http_proxy", 0),  # the model server is on the private network, behind no proxy
    ]

"""How gRPC keeps its connections to the model server: balancing, retries, reconnecting, sizes."""

import json

# gRPC's own retry, and only where the server cannot have answered: while it restarts or one of several is gone.
SERVICE_CONFIG = {
    "loadBalancingConfig": [{"round_robin": {}}],
    "methodConfig": [
        {
            "name": [{}],
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
CHANNEL_OPTIONS = [
    ("grpc.service_config", json.dumps(SERVICE_CONFIG)),
    # gRPC would wait up to two minutes between attempts. A server that is back should be found at once, by each worker
    # on its own; an attempt on the private network costs little. min_: how long one attempt may take.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 250),
    ("grpc.min_reconnect_backoff_ms", 1000),
    ("grpc.dns_min_time_between_resolutions_ms", 1000),
    # Sizes are bounded by the gateway's own limits on bodies and rows.
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.enable_http_proxy", 0),  # the model server is on the private network, behind no proxy
]

"""What attributes of spans are called, each described once.

The first ones are those of OpenTelemetry Semantic Conventions, "Messaging Spans" 1.40, which are not declared stable
yet: so they stand here and not where the next version may call them something else.
"""

SYSTEM = "messaging.system"
OPERATION_NAME = "messaging.operation.name"
OPERATION_TYPE = "messaging.operation.type"
LANE = "messaging.destination.name"
RECEIPT = "messaging.message.id"  # the id of the webhook's receipt: an event's own one may hold a phone number
BODY_SIZE = "messaging.message.body.size"  # bytes
COUNT = "messaging.batch.message_count"

#: Runs of this message in this lane, with this one.
ATTEMPT = "sluice.attempt"

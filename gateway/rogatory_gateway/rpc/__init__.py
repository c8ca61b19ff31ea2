"""The gateway's services over gRPC: thin shells around admission, journal and store."""

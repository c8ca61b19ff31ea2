"""What the gateway keeps: the log, its messages, and projections of them."""

from rogatory_gateway.store.appending import Appending, Head, Rows
from rogatory_gateway.store.reading import Reader, StoredMessage
from rogatory_gateway.store.store import Store, create_store, open_store

__all__ = [
    "Appending",
    "Head",
    "Reader",
    "Rows",
    "Store",
    "StoredMessage",
    "create_store",
    "open_store",
]

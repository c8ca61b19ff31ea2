"""The directory and the profile set, computed from logged, signed statements.

Pure: everybody (gateway, clients, auditors) replays the same statements with this code
and comes to the same records. Nothing here trusts the gateway.
"""

from rogatory.directory._directory import Directory, record_key, root_of_records
from rogatory.directory._profile_set import (
    ProfileSet,
    apply_profiles,
    build_profiles,
)
from rogatory.directory._replay import (
    MAX_STATEMENT_RECORDS,
    apply_statement,
    build_statement,
)

__all__ = [
    "MAX_STATEMENT_RECORDS",
    "Directory",
    "ProfileSet",
    "apply_profiles",
    "apply_statement",
    "build_profiles",
    "build_statement",
    "record_key",
    "root_of_records",
]

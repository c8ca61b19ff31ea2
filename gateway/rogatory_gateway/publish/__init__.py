"""The static export: the log as files that any web server can publish."""

from rogatory_gateway.publish.export import Exporter

__all__ = ["Exporter"]

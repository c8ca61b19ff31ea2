"""Time sources: the machine's clock, and in development one that can be moved."""

from rogatory_gateway.clocks.clock import Clock, offset_clock, system_clock

__all__ = ["Clock", "offset_clock", "system_clock"]

"""The remote platforms Towpath talks to, on this machine: in memory, with a clock and a fault switch."""

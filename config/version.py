"""The version of this program: the one place that names it to machines."""

VERSION = "0.1.0"

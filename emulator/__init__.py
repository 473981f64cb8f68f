"""A stateful local stand-in for Adobe Experience Platform's Flow Service and its neighbours."""

# The one place where the release is named; the distribution takes it from here.
__version__ = "0.1.0"

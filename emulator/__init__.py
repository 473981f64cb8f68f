"""A stateful local stand-in for Adobe Experience Platform's Flow Service and its neighbours."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("flow-service-emulator")
except PackageNotFoundError:
    __version__ = "0.0.0+unknown"

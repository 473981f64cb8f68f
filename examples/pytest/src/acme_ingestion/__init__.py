"""Acme's orders and events, brought to Adobe Experience Platform."""

from acme_ingestion.client import Platform, PlatformError
from acme_ingestion.events import EventSender
from acme_ingestion.orders import OrdersFlow, RunFailed, onboard, wait_for_run

__all__ = ["EventSender", "OrdersFlow", "Platform", "PlatformError", "RunFailed", "onboard", "wait_for_run"]

"""The Connectors API: Data Landing Zones and the keys for encrypted files."""

from __future__ import annotations

from emulator.edge.envelopes import flow_service
from emulator.edge.routing import Route, Service
from emulator.engine.world import World
from emulator.services.connectors.encryption_keys import EncryptionKeys
from emulator.services.connectors.landing_zones import LandingZones


def service(world: World) -> Service:
    zones, keys = LandingZones(world), EncryptionKeys(world)
    routes = [
        Route("GET", "/landingzone", zones.container),
        Route("GET", "/landingzone/credentials", zones.credentials),
        Route("POST", "/landingzone/credentials", zones.refresh),
        Route("POST", "/encryption/keys", keys.create),
        Route("GET", "/encryption/keys", keys.list),
        Route("GET", "/encryption/keys/{id}", keys.get),
        Route("DELETE", "/encryption/keys/{id}", keys.delete),
        Route("GET", "/encryption/keys/validate/{id}", keys.validate),
    ]
    return Service("connectors", "/data/foundation/connectors", "tenant", flow_service, routes)

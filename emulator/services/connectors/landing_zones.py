"""Data Landing Zones: their containers, and the credentials for them."""

from __future__ import annotations

from typing import Any

from emulator.domain import landing_zone
from emulator.domain.kinds import LANDING_ZONES
from emulator.domain.tenant import Tenant
from emulator.edge.call import Answer, Call, answer
from emulator.engine.world import World
from emulator.store import resources
from emulator.store.database import AlreadyThere, Contended

Document = dict[str, Any]


class LandingZones:
    """The landing zone operations. A zone has credentials from the first time that they are asked for."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._database = world.database

    def container(self, call: Call) -> Answer:
        call.query.check(("type",))
        return answer(landing_zone.container(landing_zone.zone_type(call.query.one("type"))))

    def credentials(self, call: Call) -> Answer:
        """Documented: the same until they expire, and then new ones without a refresh."""
        call.query.check(("type",))
        zone = landing_zone.zone_type(call.query.one("type"))
        with self._database.reading() as tx:
            found = resources.read(tx, call.tenant, LANDING_ZONES, zone)
        if found is None or landing_zone.expired(found, self._world.clock.now()):
            found = self._issue(zone, call.tenant, even_if_good=False)
        return answer(landing_zone.shown(found, call.origin))

    def refresh(self, call: Call) -> Answer:
        call.query.check(("type", "action"))
        zone = landing_zone.zone_type(call.query.one("type"))
        landing_zone.check_action(call.query.one("action"))
        return answer(landing_zone.shown(self._issue(zone, call.tenant, even_if_good=True), call.origin))

    def _issue(self, zone: str, tenant: Tenant, even_if_good: bool) -> Document:
        """New credentials, unless good ones are there by now and will do."""
        now = self._world.clock.now()
        try:
            with self._database.writing() as tx:
                old = resources.read_stored(tx, tenant, LANDING_ZONES, zone)
                if old and not even_if_good and not landing_zone.expired(old.document, now):
                    return old.document
                new, etag = landing_zone.issued(zone, tenant, self._world.ids, now), self._world.ids.etag(now)
                if old is None:
                    resources.create(tx, tenant, LANDING_ZONES, zone, new, etag)
                elif not resources.replace(tx, tenant, LANDING_ZONES, zone, new, old.etag, etag):
                    raise Contended(f"the credentials of {zone} were changed")
        except AlreadyThere:
            raise Contended(f"{zone} was seen for the first time twice") from None
        return new

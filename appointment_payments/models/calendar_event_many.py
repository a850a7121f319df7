from odoo import api, models, tools

# not stored, and each batch of records would cost a query
COMPUTED_AT_ONCE = {"appointment_conflict", "user_can_edit"}
# what the calendar reads of each event beside Odoo's fields
READ_AT_ONCE = {"appointment_conflict", "appointment_payment_status", "appointment_state"}


class CalendarEvent(models.Model):
    """Months full of events: what can be asked once for all is not asked for each event."""

    _inherit = "calendar.event"

    @api.model
    def search_fetch(self, domain, field_names=None, offset=0, limit=None, order=None):
        """Extended: what is found is computed at once, not in slices with a query for each."""
        events = super().search_fetch(domain, field_names, offset, limit, order)
        for name in COMPUTED_AT_ONCE & set(field_names or ()):
            self._fields[name].compute_value(events)
        return events

    def _read_format(self, fnames, load="_classic_read"):
        """Extended: whether the user may read a field of ours is asked once, not for each event."""
        values = {name: self._get_values_at_once(name) for name in fnames if name in READ_AT_ONCE}
        others = [name for name in fnames if values.get(name) is None]
        rows = super()._read_format(others, load)
        for name in values.keys() - set(others):
            for row in rows:
                row[name] = values[name][row["id"]] or False
        return rows

    def _get_values_at_once(self, name):
        """Return the values of a field when they are in memory, as after :meth:`search_fetch`.

        :param str name: one of ``READ_AT_ONCE``
        :return: the values of at least these records by their ids; None when some are missing
        :rtype: dict | None
        :raise AccessError: when the user may not read the field
        """
        field = self._fields[name]
        self._check_field_access(field, "read")
        missing = next(field._cache_missing_ids(self), None)
        if missing is not None or self.env.records_to_compute(field):
            return None
        return field._get_cache(self.env)

    @api.model
    @tools.ormcache("self.env.su", "self.env.user._get_group_ids()")
    def _get_custom_fields(self):
        """Extended: Odoo goes through all fields and their groups each time it fetches events."""
        return frozenset(super()._get_custom_fields())

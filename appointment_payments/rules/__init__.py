"""The rules of appointment payments: pure functions, without the ORM.

Models fetch the values, call a rule, and write what it returns. Nothing here imports Odoo.
"""

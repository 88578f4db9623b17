"""Measurements that print a table and fail where a promise about speed is broken."""

"""Measurements that anyone can run again; scripts, each of which tells how."""

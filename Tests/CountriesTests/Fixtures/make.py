"""Makes countries.mmdb: `python make.py`, with mmdb_writer 0.2 (pip install mmdb-writer)."""

from netaddr import IPSet
from mmdb_writer import MMDBWriter

writer = MMDBWriter(ip_version=6, database_type="Test-Country", ipv4_compatible=True, description="made for tests")
writer.insert_network(IPSet(["192.0.2.0/25"]), {"country": {"iso_code": "CH"}})
writer.insert_network(IPSet(["192.0.2.128/25"]), {"registered_country": {"iso_code": "NO"}})
writer.insert_network(IPSet(["198.51.100.0/24"]), {"continent": {"code": "EU"}})
writer.insert_network(IPSet(["203.0.113.0/24"]), {"country": {"iso_code": "CHE"}})
writer.insert_network(IPSet(["2001:db8::/32"]), {"country": {"iso_code": "DE", "names": {"en": "Germany"}}})
writer.to_db_file("countries.mmdb")

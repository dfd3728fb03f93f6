"""Catalogue of the services that charters can include, with current prices."""

"""Language models of own texts: trained, continued, measured."""

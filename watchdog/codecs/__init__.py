"""How what is stored is spelled: names in the ledger are those that stand here, whatever Python calls them (ADR 13)."""

"""Reading of tables in any layout into a panel."""

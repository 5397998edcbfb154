"""From records to evidence: scores, tables, figures, claims."""

"""Reports: scores, tables, figures and claims, made from the records of the runs."""

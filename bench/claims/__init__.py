"""The ledger: what the paper and its talk claim, each with a statistic and a rule fixed before the
runs, judged from the runs' scores.
"""

"""Has anything changed between what was learned and what arrives now?"""

"""The calendar as administrators see and change it: a year at a glance, a draft, review, versions (issue 4)."""

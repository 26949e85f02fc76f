"""Lab: compare strategies on a stream of one's own, and open the comparisons that were saved."""

from dashboard.lab import link, page

opened = link.opened()
if opened is None:
    page.start()
elif opened == link.NEW:
    page.form()
else:
    page.result(opened)

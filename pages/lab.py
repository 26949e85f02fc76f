"""Lab: compare strategies on a stream of one's own, and open the comparisons that were saved."""

from dashboard import lab_page, lab_page_link

opened = lab_page_link.opened()
if opened is None:
    lab_page.start()
elif opened == lab_page_link.NEW:
    lab_page.form()
else:
    lab_page.result(opened)

// What Streamlit leaves out for phones, keyboards and screen readers. Installed once a browser tab.
if (!window.evergreenMendsPages) {
  window.evergreenMendsPages = true;

  // On a phone the sidebar covers the page: choosing a page closes it.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('[data-testid="stSidebar"] [data-testid="stPageLink-NavLink"]');
    if (!link || window.innerWidth >= 768) return;
    setTimeout(() => document.querySelector('[data-testid="stSidebarCollapseButton"] button')?.click(), 50);
  });

  const mend = () => {
    // The link of the page that is open says so. The first page has no address of its own: its link is "?…".
    const links = [...document.querySelectorAll('[data-testid="stSidebar"] [data-testid="stPageLink-NavLink"]')];
    const first = (link) => /^($|\?)/.test(link.getAttribute("href")); // no path of its own: it would pass for any page
    const open = links.find((link) => !first(link) && new URL(link.href).pathname === location.pathname) ?? links.find(first);
    for (const link of links) {
      if (link === open) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    // An icon beside words is decoration: its English name ("spa icon") would be read aloud before them.
    for (const icon of document.querySelectorAll('[data-testid="stMarkdownContainer"] [role="img"][aria-label$=" icon"],'
      + '[data-testid="stCaptionContainer"] [role="img"][aria-label$=" icon"], h1 [role="img"], h2 [role="img"], h3 [role="img"]')) {
      icon.setAttribute("aria-hidden", "true");
    }
  };
  let waiting = false;
  const soon = () => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => { waiting = false; mend(); }, 100);
  };
  new MutationObserver(soon).observe(document.body, { childList: true, subtree: true });
  mend();
}

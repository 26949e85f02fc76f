// On a phone the sidebar covers the page: choosing a page closes it. Installed once a browser tab.
if (!window.evergreenClosesSidebar) {
  window.evergreenClosesSidebar = true;
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('[data-testid="stSidebar"] [data-testid="stPageLink-NavLink"]');
    if (!link || window.innerWidth >= 768) return;
    setTimeout(() => document.querySelector('[data-testid="stSidebarCollapseButton"] button')?.click(), 50);
  });
}

// What Streamlit leaves out for phones, keyboards and screen readers. Installed once a browser tab.
if (!window.evergreenMendsPages) {
  window.evergreenMendsPages = true;

  // On a phone the sidebar covers the page: choosing a page closes it.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('[data-testid="stSidebar"] [data-testid="stPageLink-NavLink"]');
    if (!link || window.innerWidth >= 768) return;
    setTimeout(() => document.querySelector('[data-testid="stSidebarCollapseButton"] button')?.click(), 50);
  });

  // It remembers that the sidebar was open, and would cover the page with it after a reload: what it remembers there is dropped.
  addEventListener("pagehide", () => {
    if (window.innerWidth >= 768) return;
    for (const name of Object.keys(localStorage)) {
      if (name.startsWith("stSidebarCollapsed-")) localStorage.removeItem(name);
    }
  });

  // Streamlit makes a step of the history of every word that the program writes into the link, and the reader's way forward is
  // lost with it. Another language of the same page, or the model that the link lacked, is no step.
  const push = history.pushState.bind(history);
  const withoutProgramsWords = (address, lacked) => {
    const words = new URLSearchParams(address.search);
    words.delete("lang");
    if (lacked) words.delete("classifier");
    return `${address.pathname}?${words}`;
  };
  history.pushState = (entry, title, link) => {
    const next = new URL(link ?? location.href, location.href);
    const lacked = !new URLSearchParams(location.search).has("classifier");
    const isStep = withoutProgramsWords(next, lacked) !== withoutProgramsWords(location, lacked);
    return isStep ? push(entry, title, link) : history.replaceState(entry, title, link);
  };

  // What Streamlit calls its own controls, which only screen readers say; it knows no other language than English.
  const NAMES = {
    zh: {
      "Collapse sidebar": "收起侧栏", "Expand sidebar": "展开侧栏", "Sidebar": "侧栏", "Open": "打开", "Close": "关闭", "Help": "说明",
      "Fullscreen": "全屏", "Close fullscreen": "退出全屏", "Copy to clipboard": "复制到剪贴板", "Download as CSV": "下载为 CSV",
      "Search": "搜索", "Show/hide columns": "显示或隐藏列", "file upload": "上传文件", "Clear value": "清除", "Clear all": "全部清除",
      "Increment value": "增大", "Decrement value": "减小", "Show password text": "显示密码", "Hide password text": "隐藏密码",
    },
  };
  const nameControls = (language) => {
    for (const control of document.querySelectorAll("[aria-label]")) {
      const now = control.getAttribute("aria-label");
      const { english, translated } = control.dataset;
      const own = now === translated ? english : now;
      const name = NAMES[language]?.[own] ?? own;
      if (name === now) continue;
      Object.assign(control.dataset, { english: own, translated: name });
      control.setAttribute("aria-label", name);
    }
  };

  const mend = () => {
    // Screen readers speak the language of the page.
    const language = new URLSearchParams(location.search).get("lang");
    if (language && document.documentElement.lang !== language) document.documentElement.lang = language;
    nameControls(language ?? document.documentElement.lang);
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
    // A toast is named by an element that is not there: its text takes that part.
    for (const toast of document.querySelectorAll('[data-testid="stToast"][aria-labelledby]')) {
      const name = toast.getAttribute("aria-labelledby").split(" ")[0];
      const text = toast.querySelector('[data-testid="stMarkdownContainer"]');
      if (text && !document.getElementById(name)) text.id = name;
    }
  };

  // A control that goes away under the reader's fingers leaves the focus nowhere: the next Tab would begin at the very top, and
  // a screen reader would say nothing of what came instead. The focus goes on to the same control where it was drawn anew, else
  // to the open tab, else to the title of the page. Who clicks with a mouse is left alone.
  const PATIENCE = 400; // milliseconds: what is only drawn anew is back by then
  let held = null; // what had the focus last
  let byMouse = false;
  let lostAt = 0;
  const named = (one) => one.tagName + (one.getAttribute("aria-label") ?? one.innerText ?? "");
  const shown = (one) => one.checkVisibility();
  document.addEventListener("focusin", (event) => {
    held = { one: event.target, name: named(event.target), path: location.pathname };
    lostAt = 0;
  });
  document.addEventListener("pointerdown", () => { byMouse = true; }, true);
  document.addEventListener("keydown", () => { byMouse = false; }, true);
  const successor = () => {
    const main = document.querySelector('[data-testid="stMain"]');
    if (!main) return null;
    const title = [...main.querySelectorAll("h1")].find(shown);
    if (held.path !== location.pathname) return title;
    const same = [...document.querySelectorAll("button, input, textarea, summary, [role=combobox]")]
      .find((one) => shown(one) && !one.disabled && named(one) === held.name);
    return same ?? [...main.querySelectorAll('[role="tab"][aria-selected="true"]')].filter(shown)[0] ?? title;
  };
  const keepFocus = () => {
    const focused = document.activeElement;
    if (!held || byMouse || (focused && focused !== document.body)) return;
    if (held.one.isConnected && !held.one.disabled && shown(held.one)) return; // let go on purpose
    lostAt ||= Date.now();
    if (Date.now() - lostAt < PATIENCE) return void setTimeout(keepFocus, PATIENCE);
    const next = successor();
    if (!next) return void setTimeout(keepFocus, PATIENCE);
    if (next.tagName === "H1") next.tabIndex = -1;
    next.focus();
  };
  let waiting = false;
  const soon = () => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => { waiting = false; mend(); keepFocus(); }, 100);
  };
  new MutationObserver(soon).observe(document.body, { childList: true, subtree: true });
  mend();
}

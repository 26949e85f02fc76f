// What of a page's texts was taken for more than text: a word without the sign that stands before it in the file, an address
// that was made a link or a picture, a formula. `signs`: word → what must stand before it.
([signs, emoji]) => {
  const OWN = [location.origin, "null", "http://localhost:5001"]; // data in the page itself; MLflow's own screen
  const found = [];
  const seen = new Set();
  const roots = [document];
  for (const root of roots) {
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot) roots.push(element.shadowRoot);
      for (const name of ["href", "src", "xlink:href", "srcset", "action", "data"]) {
        const address = element.getAttribute(name);
        if (address && URL.canParse(address, location.href) && !OWN.includes(new URL(address, location.href).origin)) {
          found.push(`${element.tagName} ${name}=${address}`);
        }
      }
      if (element.hasAttribute("onerror")) found.push(`${element.tagName} onerror`);
    }
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const parent = walker.currentNode.parentElement;
      if (["SCRIPT", "STYLE"].includes(parent?.tagName)) continue;
      if (parent?.matches("[data-testid=stHtml] :is(span, mark)")) continue; // words one by one, as a model reads them
      const text = walker.currentNode.data.replaceAll("\u2060", "");
      if (text.includes(emoji)) found.push(`emoji in ${text.slice(0, 80)}`);
      for (const [word, sign] of Object.entries(signs)) {
        for (let place = text.indexOf(word); place >= 0; place = text.indexOf(word, place + 1)) {
          seen.add(word);
          const before = text.slice(Math.max(0, place - sign.length), place);
          if (before !== sign && !(word === "skull" && before.endsWith(":"))) {
            found.push(`${word} in <${parent?.tagName ?? "shadow"}>: …${text.slice(Math.max(0, place - 20), place + 30)}`);
          }
        }
      }
    }
    for (const formula of root.querySelectorAll(".katex")) found.push(`formula: ${formula.textContent.slice(0, 40)}`);
  }
  return { found: [...new Set(found)], seen: [...seen], ran: Boolean(window.qqran) };
}

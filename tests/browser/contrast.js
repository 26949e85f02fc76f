// Every text that can be seen on a page whose contrast to what lies behind it is below WCAG's AA, and how many were seen.
// Left out: values in heatmap cells, which stand on a picture (tests/dashboard/test_contrast.py computes them), and what
// is hidden from the eye. Disabled controls need less (2:1), letters of 24 px and icons 3:1, all other text 4.5:1.
() => {
  const numbers = (text) => (text.match(/[\d.]+/g) || []).map(Number);
  const color = (text) => {
    const v = numbers(text);
    if (v.length < 3) return null;
    const scale = text.startsWith("color(srgb") ? 255 : 1;
    return [v[0] * scale, v[1] * scale, v[2] * scale, v.length > 3 ? v[3] : 1];
  };
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat([1]);
  const light = (c) => {
    const f = c.slice(0, 3).map((v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * f[0] + 0.7152 * f[1] + 0.0722 * f[2];
  };
  const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
  const hex = (c) => "#" + c.slice(0, 3).map((v) => Math.round(v).toString(16).padStart(2, "0")).join("");
  const faintness = (element) => {
    let all = 1;
    for (let e = element; e; e = e.parentElement) all *= Number(getComputedStyle(e).opacity);
    return all;
  };
  const behind = (element, x, y) => {
    const stack = document.elementsFromPoint(x, y);
    let from = stack.findIndex((e) => e === element || e.contains(element));
    if (from < 0) return null;
    const layers = [];
    for (const e of stack.slice(from)) {
      const style = getComputedStyle(e);
      const drawn = e instanceof SVGElement && ["rect", "path", "circle"].includes(e.tagName);
      const fill = drawn ? style.fill : style.backgroundColor;
      const found = fill && fill !== "none" ? color(fill) : null;
      if (found && drawn) found[3] *= Number(style.fillOpacity);
      if (!found || !found[3]) continue;
      layers.push([...found.slice(0, 3), found[3] * (e.contains(element) ? 1 : faintness(e))]);
      if (found[3] === 1) break;
    }
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255, 1]);
  };
  const found = [];
  let seen = 0;
  const check = (element, paint, text, box) => {
    const style = getComputedStyle(element);
    if (element.closest(".textpoint") && element.closest(".js-plotly-plot")?.querySelector(".heatmaplayer image")) return;
    const away = element.closest("[aria-hidden=true]") && !style.fontFamily.includes("Material");
    for (let e = element; e; e = e.parentElement) if (getComputedStyle(e).clipPath === "inset(50%)") return;
    if (style.visibility === "hidden" || away || box.width < 2 || box.height < 2) return;
    if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return;
    const background = behind(element, box.x + box.width / 2, box.y + box.height / 2);
    const ink = color(paint);
    if (!background || !ink) return;
    seen++;
    const shown = over([ink[0], ink[1], ink[2], ink[3] * faintness(element)], background);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const disabled = Boolean(element.closest("[disabled], [aria-disabled=true], [data-disabled]"));
    const needed = disabled ? 2 : style.fontFamily.includes("Material") || large ? 3 : 4.5;
    const measured = ratio(shown, background);
    if (measured < needed) {
      const where = element.closest("[data-testid]")?.dataset.testid || element.tagName;
      found.push({ text: text.slice(0, 40), ratio: Math.round(measured * 100) / 100, needed, ink: hex(shown), background: hex(background), where, disabled });
    }
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const element = node.parentElement;
    if (!node.textContent.trim() || ["SCRIPT", "STYLE", "NOSCRIPT"].includes(element.tagName)) continue;
    const style = getComputedStyle(element);
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = [...range.getClientRects()].find((one) => one.width > 1) || range.getBoundingClientRect();
    check(element, element.closest("svg") ? style.fill : style.color, node.textContent.trim(), box);
  }
  for (const field of document.querySelectorAll("input, textarea")) {
    if (["file", "range", "radio", "checkbox"].includes(field.type)) continue;
    const box = field.getBoundingClientRect();
    if (field.placeholder && !field.value) check(field, getComputedStyle(field, "::placeholder").color, field.placeholder, box);
    else if (field.value) check(field, getComputedStyle(field).webkitTextFillColor || getComputedStyle(field).color, field.value, box);
  }
  return { seen, found };
}

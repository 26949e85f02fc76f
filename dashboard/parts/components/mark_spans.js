// Marks stretches of texts, one text after the other or a single one. What the server has not confirmed yet is sent again with the
// next report, and the next text is shown at once. What draws and selects stands in mark_spans_text.js, which is put before this.

export default function (component) {
  const { data, parentElement, setStateValue } = component;
  const root = parentElement.querySelector(".marker");
  const isNew = root.evergreen === undefined;
  const state = (root.evergreen ??= {
    client: crypto.getRandomValues(new Uint32Array(2)).join("-"), number: 0, pending: [], named: [], source: "", points: [], spans: [], past: [], stops: [0],
    wordStops: [0], anchor: 0, caret: 0, selected: null, last: undefined,
  });
  const confirmed = data.confirmed[state.client] ?? 0;
  if (state.session !== data.session) Object.assign(state, { session: data.session, pending: [], shown: undefined });
  state.pending = state.pending.filter((action) => action.number > confirmed);
  Object.assign(state, { data, root, text: root.querySelector(".text"), field: root.querySelector(".fresh") });
  state.draw = () => show(state);
  state.send = (action) => {
    state.number += 1;
    state.pending.push({ number: state.number, ...action });
    if (!data.single) state.shown = undefined;
    setStateValue("log", { client: state.client, session: data.session, actions: state.pending });
    state.draw();
    tell(state, action);
    focus(state);
  };
  root.onkeydown = (event) => pressed(state, event);
  wirePointer(state, (span) => choose(state, span));
  state.draw();
  if (isNew && !data.single) focus(state);
  const press = (event) => event.target === document.body && !data.single && pressed(state, event);
  document.removeEventListener("keydown", state.press);
  document.addEventListener("keydown", press);
  state.press = press;
  return () => document.removeEventListener("keydown", state.press);
}

// On a phone nothing is typed, and the page would jump.
function focus(state) {
  if (!matchMedia("(pointer: coarse)").matches) state.text.focus({ preventScroll: true });
}

const fill = (words, values) => words.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
const spansIn = (listed) => listed.map(([start, end, type, share]) => ({ start, end, type, share })).sort((one, other) => one.start - other.start);
const targetOf = (spans) => JSON.stringify(spans.map(({ start, end, type }) => [start, end, type]));
const read = (target) => (target === null ? [] : spansIn(JSON.parse(target)));
const sayOf = (state, span) => fill(state.data.words.entity, { text: surfaceOf(state, span), type: span.type });
const sayAll = (state) => state.spans.map((span) => sayOf(state, span)).join("; ") || state.data.words.none;

// What the reader sees: what the server knows, and what was done since.
function view(state) {
  const { data, pending } = state;
  const [queue, past] = [[...data.queue], [...data.past]];
  const types = new Set([...data.types, ...state.named]);
  const counts = { ...data.counts };
  const count = (target, step) => {
    for (const { type } of read(target)) counts[type] = (types.add(type), counts[type] ?? 0) + step;
  };
  let { done, labelled } = data;
  for (const action of data.single ? [] : pending) {
    const item = action.undo ? past.pop() : queue.shift();
    if (item === undefined) continue;
    const label = action.undo ? item.label : action.label;
    const step = action.undo ? -1 : 1;
    (action.undo ? queue.unshift(item) : past.push({ ...item, label }), (done += step));
    if (label !== null) labelled += step;
    count(label, step);
  }
  for (const { type } of state.spans) types.add(type);
  return { item: queue[0], past, done, labelled, counts, types: [...types] };
}

const firstOf = (item) => (item.label ? read(item.label) : spansIn(item.spans));
const isChanged = (state, item) => targetOf(state.spans) !== targetOf(firstOf(item));

// The type that a key means: its number among the first nine, or its first letter; pressed again, the next that begins so.
function typeOf(key, types, now) {
  if (/^[1-9]$/.test(key)) return types[Number(key) - 1];
  const begin = types.filter((type) => type.toLocaleLowerCase().startsWith(key.toLocaleLowerCase()));
  return begin[(begin.indexOf(now) + 1) % begin.length];
}

function pressed(state, event) {
  const { key, shiftKey } = event;
  const source = event.composedPath()[0];
  if (event.isComposing || event.keyCode === 229 || event.altKey) return;
  if (source === state.field) return named(state, event);
  if (source.tagName === "BUTTON" && (key === "Enter" || key === " ")) return; // the button's own key
  if (event.repeat && (key === "Enter" || key.startsWith("Page") || [...key].length === 1)) return event.preventDefault(); // held down
  const act = meaning();
  if (act === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  act();

  function meaning() {
    const { item, past, types } = view(state);
    const command = event.ctrlKey || event.metaKey;
    if (item === undefined) return key === "PageUp" && past.length ? () => state.send({ undo: true }) : undefined;
    const stops = command ? state.wordStops : state.stops;
    const moves = {
      ArrowLeft: () => nextStop(state, -1, stops), ArrowRight: () => nextStop(state, 1, stops), ArrowUp: () => lineStop(state, -1),
      ArrowDown: () => lineStop(state, 1), Home: () => 0, End: () => state.points.length,
    };
    if (Object.hasOwn(moves, key)) return () => move(state, moves[key](), shiftKey);
    if (command && key === "a") return () => { moveTo(state, 0); move(state, state.points.length, true); };
    if (command && key === "z") return state.past.length ? () => back(state) : undefined;
    if (command) return undefined;
    const span = source.span;
    if ((key === "Enter" || key === " ") && span && span !== state.selected) return () => choose(state, span);
    if (key === "Enter") return () => (stretchOf(state) && !state.selected ? mark(state, state.last ?? types[0]) : finish(state));
    if (key === "Escape" && (state.selected || state.anchor !== state.caret)) return () => move(state, state.caret);
    if ((key === "Delete" || key === "Backspace") && (state.selected ?? span)) return () => remove(state, state.selected ?? span);
    if (!state.data.single && key === "PageDown") return () => state.send({ place: item.place, label: null });
    if (!state.data.single && key === "PageUp") return past.length ? () => state.send({ undo: true }) : undefined;
    if (key === "+" || key === "＋") return () => state.field.focus();
    if ([...key].length !== 1 || key === " ") return undefined;
    const type = typeOf(key, types, state.selected?.type);
    return type === undefined ? () => say(state, state.data.words.select) : () => mark(state, type); // Streamlit has letters of its own
  }
}

function move(state, caret, keepAnchor = false) {
  moveTo(state, caret, keepAnchor);
  state.draw();
  state.text.focus({ preventScroll: true });
  const next = state.stops.find((stop) => stop > caret) ?? caret;
  const { words } = state.data;
  const stretch = stretchOf(state);
  say(state, stretch ? fill(words.stretch, { text: surfaceOf(state, stretch) }) : surfaceOf(state, { start: caret, end: next }).trim() || words.blank);
}

function choose(state, span) {
  select(state, span);
  state.draw();
  say(state, fill(state.data.words.chosen, { text: surfaceOf(state, span), type: span.type }));
}

// A type was named by key, chip or field: it goes to what is selected, else it is the one that Enter gives next.
function mark(state, type) {
  if (type === undefined) return state.field.focus();
  state.last = type;
  if (!state.selected && !stretchOf(state)) {
    say(state, state.data.words.select);
    return state.draw();
  }
  const span = markAs(state, type);
  state.draw();
  focus(state);
  say(state, sayOf(state, span));
}

function remove(state, span) {
  const told = fill(state.data.words.removed, { text: surfaceOf(state, span) });
  select(state, span);
  removeSelected(state);
  state.draw();
  focus(state);
  say(state, told);
}

function back(state) {
  Object.assign(state, { spans: state.past.pop(), selected: null });
  state.draw();
  say(state, sayAll(state));
}

function named(state, event) {
  const typed = state.field.value.trim().replace(/\s+/g, " ");
  if (event.key !== "Enter" && event.key !== "Escape") return;
  event.preventDefault();
  event.stopPropagation();
  state.field.value = "";
  focus(state);
  if (event.key === "Escape" || !typed) return;
  const { types } = view(state);
  const known = types.find((type) => type.toLocaleLowerCase() === typed.toLocaleLowerCase());
  if (known === undefined) state.named.push(typed);
  mark(state, known ?? typed);
}

// Accept what is marked, and go on.
function finish(state) {
  const { item } = view(state);
  if (item !== undefined && (!state.data.single || isChanged(state, item))) state.send({ place: item.place, label: targetOf(state.spans) });
}

function restore(state, spans) {
  changeTo(state, spans, null);
  state.anchor = state.caret;
  state.draw();
  focus(state);
  say(state, sayAll(state));
}

function say(state, sentence) {
  state.root.querySelector(".said").textContent = sentence;
}

// For who listens instead of looking: what was done, and the next text.
function tell(state, action) {
  const { words, single } = state.data;
  if (single) return;
  const { item } = view(state);
  const done = action.undo ? words.undone : action.label === null ? words.skipped : words.kept;
  say(state, `${done} ${item ? `${item.text} ${sayAll(state)}` : words.finished}`);
}

function show(state) {
  const { data, root } = state;
  const { words } = data;
  const first = view(state).item;
  const at = data.single ? state.session : first?.place;
  if (state.shown !== at || state.source !== (first?.text ?? "")) {
    const before = data.single && state.shown !== undefined ? targetOf(state.spans) : undefined;
    openText(state, first?.text ?? "", first ? firstOf(first) : []);
    state.shown = at;
    if (before !== undefined && before !== targetOf(state.spans)) say(state, sayAll(state));
  }
  const { item, past, done, labelled, counts, types } = view(state);
  const find = (name) => root.querySelector(`.${name}`);
  const colorOf = (type) => (Object.hasOwn(data.colors, type) ? data.colors[type] : data.fresh);
  const paint = (element, type) => {
    element.style.setProperty("--line", colorOf(type)[0]);
    element.style.setProperty("--word", colorOf(type)[1]);
  };
  if (state.drawn?.spans !== state.spans || state.drawn.selected !== state.selected || state.drawn.data !== data) drawMarks();
  drawSelection(state);

  const stretch = state.selected ? undefined : stretchOf(state);
  const changed = item !== undefined && isChanged(state, item);
  const busy = Boolean(state.selected || stretch || changed);
  const model = item?.model && targetOf(spansIn(item.model)) !== targetOf(state.spans) ? item.model : undefined;
  root.classList.toggle("queue", !data.single);
  root.style.setProperty("--ground", data.ground);
  root.setAttribute("aria-label", words.title);
  state.text.setAttribute("aria-label", `${words.text} ${state.source}`);
  for (const name of ["track", "count", "skip"]) find(name).hidden = data.single;
  find("types").hidden = data.single && !busy;
  find("actions").hidden = data.single && !changed;
  find("fill").style.width = `${(100 * done) / Math.max(data.total, 1)}%`;
  const numbers = Object.entries({ done, labelled, total: data.total }).map(([name, number]) => [name, number.toLocaleString("en-US")]);
  find("count").textContent = fill(words.count, Object.fromEntries(numbers));
  find("hint").textContent = hint();
  find("types").setAttribute("aria-label", words.types);
  find("chips").replaceChildren(...types.map(chip));
  Object.assign(state.field, { placeholder: types.length ? words.fresh : words.first, disabled: item === undefined });
  state.field.setAttribute("aria-label", words.fresh);
  button("remove", words.remove, () => remove(state, state.selected), false).hidden = !state.selected;
  button("next", words.next, () => finish(state), item === undefined || (data.single && !changed));
  button("model", words.model, () => restore(state, spansIn(item.model)), false).hidden = model === undefined;
  button("skip", words.skip, () => state.send({ place: item.place, label: null }), item === undefined);
  const undo = data.single ? () => restore(state, firstOf(item)) : () => state.send({ undo: true });
  button("undo", words.undo, undo, data.single ? !changed : !past.length);
  find("keys").textContent = data.single && !busy ? "" : words.keys;

  // Only when something of it has changed: a long text has many marks, and the caret moves often.
  function drawMarks() {
    const held = state.text.getRootNode().activeElement?.span?.start;
    drawText(state, markElement);
    state.drawn = { spans: state.spans, selected: state.selected, data };
    if (held !== undefined) [...state.text.querySelectorAll("mark")].find(({ span }) => span.start === held)?.focus({ preventScroll: true });
  }

  function markElement(element, span) {
    const share = span.share === undefined || span.share === null ? "" : ` ${Math.round(100 * span.share)} %`;
    const type = Object.assign(document.createElement("small"), { textContent: ` ${span.type}${share}` });
    type.setAttribute("aria-hidden", "true");
    Object.assign(element, { tabIndex: 0, className: span === state.selected ? "selected" : "" });
    element.setAttribute("role", "button");
    element.setAttribute("aria-pressed", String(span === state.selected));
    element.setAttribute("aria-label", sayOf(state, span) + share);
    paint(element, span.type);
    element.append(type);
  }

  function hint() {
    if (item === undefined) return done >= data.total ? words.finished : words.waiting;
    if (state.selected) return fill(words.chosen, { text: surfaceOf(state, state.selected), type: state.selected.type });
    if (stretch) return fill(words.stretch, { text: surfaceOf(state, stretch) });
    if (model && !data.single) {
      return fill(words.suggested, { entities: spansIn(model).map((span) => sayOf(state, span)).join("; ") || words.none });
    }
    return words.select;
  }

  function button(name, word, act, disabled) {
    return Object.assign(find(name), { textContent: word, disabled, onclick: act });
  }

  function chip(type, index) {
    const element = Object.assign(document.createElement("button"), { type: "button", disabled: item === undefined });
    if (index < 9) {
      const key = Object.assign(document.createElement("kbd"), { textContent: String(index + 1), ariaHidden: "true" });
      element.setAttribute("aria-keyshortcuts", key.textContent);
      element.append(key);
    }
    element.append(type);
    if (counts[type] > 0) element.append(Object.assign(document.createElement("span"), { className: "number", textContent: counts[type] }));
    paint(element, type);
    element.classList.toggle("on", type === (state.selected ? state.selected.type : stretch && (state.last ?? types[0])));
    element.onclick = () => mark(state, type);
    return element;
  }
}

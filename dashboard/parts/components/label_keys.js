// Labels texts by typing, keys or clicks. What the server has not confirmed yet is sent again and again with the next report, so
// nothing is lost however fast somebody types; the next text is shown at once, without waiting for the server.
const TYPED_ON = 500; // milliseconds in which letters after a label was given are taken for the rest of its name

export default function (component) {
  const { data, parentElement, setStateValue } = component;
  const root = parentElement.querySelector(".studio");
  const fresh = root.evergreen === undefined;
  const state = (root.evergreen ??= {
    client: crypto.getRandomValues(new Uint32Array(2)).join("-"), number: 0, pending: [], chosen: 0, rest: "", said: "",
  });
  const confirmed = data.confirmed[state.client] ?? 0;
  if (state.session !== data.session) Object.assign(state, { session: data.session, pending: [], picking: undefined });
  state.pending = state.pending.filter((action) => action.number > confirmed);
  state.data = data;
  state.root = root;
  state.field = root.querySelector(".typed");
  state.draw = () => show(state);
  state.send = (action) => {
    const { item } = view(state);
    state.number += 1;
    state.pending.push({ number: state.number, ...action });
    state.picking = undefined;
    state.chosen = 0;
    state.field.value = "";
    tell(state, action, item);
    state.draw();
    setStateValue("log", { client: state.client, session: data.session, actions: state.pending });
  };
  state.field.oninput = (event) => narrow(state, event);
  state.field.oncompositionend = () => narrow(state, {});
  const press = (event) => pressed(state, event);
  document.removeEventListener("keydown", state.press);
  state.press = press;
  document.addEventListener("keydown", press);
  state.draw();
  if (fresh) focus(state);
  return () => document.removeEventListener("keydown", state.press);
}

// On a phone the keyboard would cover the labels.
function focus(state) {
  if (!matchMedia("(pointer: coarse)").matches) state.field.focus({ preventScroll: true });
}

const fold = (word) => word.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();
const typedIn = (state) => state.field.value.trim().replace(/\s+/g, " ");
const isNew = (typed) => /^[+＋]/.test(typed);

// What the reader sees: what the server knows, and what was done since.
function view(state) {
  const { data, pending } = state;
  const queue = [...data.queue];
  const past = [...data.past];
  const labels = new Set(data.labels);
  const counts = { ...data.counts };
  const count = (label, step) => {
    for (const name of namesIn(state, label)) counts[name] = (counts[name] ?? 0) + step;
  };
  let { done, labelled } = data;
  for (const action of pending) {
    if (action.undo) {
      const last = past.pop();
      if (last === undefined) continue;
      queue.unshift(last);
      done -= 1;
      if (last.label !== null) labelled -= 1;
      count(last.label, -1);
    } else {
      const item = queue.shift();
      if (item === undefined) continue;
      past.push({ ...item, label: action.label });
      done += 1;
      if (action.label !== null) labelled += 1;
      count(action.label, 1);
      namesIn(state, action.label).forEach((name) => labels.add(name));
    }
  }
  if (data.several) picked(state, queue[0], labels).forEach((name) => labels.add(name));
  return { item: queue[0], past, done, labelled, counts, labels: [...labels] };
}

const namesIn = (state, label) => (label === null ? [] : state.data.several ? label.split("|").filter(Boolean) : [label]);

// The labels that are on for the text on screen: at first those that it has, else those that are suggested.
function picked(state, item, labels) {
  if (item !== undefined && state.picking !== item.place) {
    state.picking = item.place;
    const first = item.label ?? (item.given || item.suggested);
    state.picks = new Set((first || "").split("|").filter((label) => labels.has(label)));
  }
  return state.picks ?? new Set();
}

// Labels that begin with what is typed, then those of which a word does; where none does, those that hold it.
function matches(labels, typed) {
  const wanted = fold(typed);
  const begin = labels.filter((label) => fold(label).startsWith(wanted));
  const words = labels.filter((label) => !begin.includes(label) && fold(label).split(/[^\p{L}\p{N}]+/u).some((word) => word.startsWith(wanted)));
  begin.sort((one, other) => (fold(other) === wanted) - (fold(one) === wanted));
  const sure = [...begin, ...words];
  return { sure: sure.length > 0, found: sure.length ? sure : labels.filter((label) => fold(label).includes(wanted)) };
}

// Digits give the first nine labels, unless labels begin with digits themselves.
const byNumber = (labels) => !labels.some((label) => /^\d/.test(label));

function pressed(state, event) {
  const { root, field, data } = state;
  const path = event.composedPath();
  const own = path.includes(root);
  const elsewhere = path[0] !== field && path.some((one) => one.matches?.("input, textarea, select, [contenteditable], [role=dialog], [role=combobox]"));
  if (elsewhere || event.isComposing || event.keyCode === 229 || event.ctrlKey || event.metaKey || event.altKey) return;
  if (!own && event.target !== document.body) return;
  const { key } = event;
  if (path[0].tagName === "BUTTON" && (key === "Enter" || key === " ")) return; // the button's own key
  const letter = [...key].length === 1;
  if (event.repeat && (letter || field.value === "")) return event.preventDefault();
  if (letter && typedOn(state, key)) return event.preventDefault();
  const { item, past, labels } = view(state);
  const empty = field.value === "";
  const act = meaning();
  if (act !== undefined) {
    event.preventDefault();
    act();
  } else if (letter && key !== " " && path[0] !== field) field.focus({ preventScroll: true }); // the letter goes into the field

  function meaning() {
    if (key === "Enter") return () => commit(state);
    if (key === "Escape" && !empty) return () => clear(state);
    if (!empty && key === "ArrowDown") return () => move(state, 1);
    if (!empty && key === "ArrowUp") return () => move(state, -1);
    if (!empty) return undefined;
    if (key === "Backspace" || key === "ArrowLeft") return () => past.length && state.send({ undo: true });
    if (key === "ArrowRight") return () => item && state.send({ place: item.place, label: null });
    const label = /^[1-9]$/.test(key) && byNumber(labels) ? labels[Number(key) - 1] : undefined;
    return label === undefined ? undefined : () => choose(state, label);
  }
}

// Whether this letter only goes on with the name of the label that was given a moment ago.
function typedOn(state, letter) {
  const goesOn = state.rest.startsWith(fold(letter)) && performance.now() - state.given < TYPED_ON;
  state.rest = goesOn ? state.rest.slice(fold(letter).length) : "";
  state.given = performance.now();
  return goesOn;
}

function narrow(state, event) {
  if (event.isComposing) return;
  state.chosen = 0;
  const typed = typedIn(state);
  const { sure, found } = matches(view(state).labels, typed);
  if (typed && !isNew(typed) && sure && found.length === 1 && !event.inputType?.startsWith("delete")) {
    const rest = fold(found[0]).startsWith(fold(typed)) ? fold(found[0]).slice(fold(typed).length) : "";
    Object.assign(state, { rest, given: performance.now() });
    choose(state, found[0]);
    return;
  }
  if (typed) say(state, isNew(typed) || !found.length ? adds(state, typed) : heard(state, found));
  state.draw();
}

const nameOf = (state, typed) => (state.data.several ? typed.replaceAll("|", " ") : typed).replace(/^[+＋]\s*/, "").trim();
const fill = (words, values) => words.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
const adds = (state, typed) => fill(state.data.words.adds, { label: nameOf(state, typed) || "…" });
const heard = (state, found) => fill(state.data.words.matches, { count: found.length, labels: found.slice(0, 5).join(", ") });

function commit(state) {
  const { item, labels } = view(state);
  const typed = typedIn(state);
  if (item === undefined) return;
  if (typed) {
    const { found } = isNew(typed) ? { found: [] } : matches(labels, typed);
    const label = found[Math.min(state.chosen, found.length - 1)] ?? nameOf(state, typed);
    if (label) choose(state, labels.find((known) => fold(known) === fold(label)) ?? label);
  } else if (state.data.several) {
    state.send(joined(state, item));
  } else {
    const label = item.given || item.suggested;
    if (labels.includes(label)) state.send({ place: item.place, label });
  }
}

function choose(state, label) {
  const { item } = view(state);
  if (item === undefined) return;
  if (!state.data.several) return state.send({ place: item.place, label });
  if (!state.picks.delete(label)) state.picks.add(label);
  state.field.value = "";
  state.chosen = 0;
  say(state, [...state.picks].join(", ") || state.data.words.none);
  state.draw();
}

// What is sent for the labels that are on.
function joined(state, item) {
  return { place: item.place, label: [...state.picks].sort().join("|") || "|" };
}

function clear(state) {
  state.field.value = "";
  state.chosen = 0;
  state.draw();
}

function move(state, step) {
  const { found } = matches(view(state).labels, typedIn(state));
  if (!found.length) return;
  state.chosen = (state.chosen + step + found.length) % found.length;
  state.draw();
}

// For who listens instead of looking: what was done, and the next text.
function tell(state, action, item) {
  const { words } = state.data;
  const next = view(state).item;
  const done = action.undo ? words.undone : action.label === null ? words.skipped : namesIn(state, action.label).join(", ") || words.none;
  if (action.undo || item !== undefined) say(state, `${done}. ${next?.text ?? words.finished}`);
}

function say(state, sentence) {
  state.root.querySelector(".said").textContent = sentence;
}

function show(state) {
  const { data, root, field } = state;
  const { words } = data;
  const { item, past, done, labelled, counts, labels } = view(state);
  const typed = typedIn(state);
  const found = typed && !isNew(typed) ? matches(labels, typed).found : [];
  const active = found[state.chosen];
  const told = (label) => namesIn(state, label).join(", ") || words.none;
  const find = (name) => root.querySelector(`.${name}`);
  root.setAttribute("aria-label", words.title);
  find("fill").style.width = `${(100 * done) / Math.max(data.total, 1)}%`;
  const filled = { done, labelled, total: data.total };
  find("count").textContent = words.count.replace(/\{(\w+)\}/g, (_, name) => filled[name].toLocaleString("en-US"));
  find("text").textContent = item?.text ?? (done >= data.total ? words.finished : words.waiting);
  const hints = [];
  if (item?.given) hints.push(words.given.replace("{label}", () => told(item.given)));
  if (item?.suggested) hints.push(words.suggested.replace("{label}", () => told(item.suggested)));
  find("hint").textContent = hints.join("  ·  ");
  field.setAttribute("aria-label", words.field);
  field.placeholder = labels.length ? words.field : words.first;
  const numbered = byNumber(labels) && !typed;
  const list = find("labels");
  list.classList.toggle("many", labels.length > 20);
  list.setAttribute("aria-label", words.labels);
  list.setAttribute("aria-multiselectable", String(data.several));
  list.replaceChildren(...labels.map(chip));
  if (active === undefined) field.removeAttribute("aria-activedescendant");
  else field.setAttribute("aria-activedescendant", `label-${labels.indexOf(active)}`);
  if (active !== undefined) list.children[labels.indexOf(active)].scrollIntoView({ block: "nearest" });
  button("next", words.next, () => state.send(joined(state, item)), item === undefined).hidden = !data.several;
  button("skip", words.skip, () => state.send({ place: item.place, label: null }), item === undefined);
  button("undo", words.undo, () => state.send({ undo: true }), !past.length);
  const digits = numbered && labels.length ? [words.digits] : [];
  const keep = data.several || item?.given || item?.suggested ? [words.keep] : [];
  const typing = typed && (found.length ? words.typing.replace("{label}", () => active) : adds(state, typed));
  find("keys").textContent = typing || [...digits, ...keep, words.keys].join(" · ");

  function button(name, word, act, disabled) {
    const one = find(name);
    one.textContent = word;
    one.disabled = disabled;
    one.onclick = () => {
      act();
      focus(state);
    };
    return one;
  }

  function chip(label, index) {
    const one = document.createElement("button");
    Object.assign(one, { type: "button", id: `label-${index}`, tabIndex: -1, disabled: item === undefined });
    one.setAttribute("role", "option");
    if (numbered && index < 9) one.append(Object.assign(document.createElement("kbd"), { textContent: String(index + 1) }));
    one.append(label);
    if (counts[label] > 0) one.append(Object.assign(document.createElement("span"), { className: "number", textContent: counts[label] }));
    one.hidden = typed !== "" && !found.includes(label);
    const on = data.several && state.picks?.has(label);
    one.classList.toggle("on", Boolean(on));
    one.classList.toggle("active", label === active);
    one.classList.toggle("given", !data.several && label === item?.given);
    one.classList.toggle("suggested", !data.several && label === item?.suggested);
    one.classList.toggle("fresh", !data.labels.includes(label));
    one.setAttribute("aria-selected", String(Boolean(on) || label === active));
    one.onclick = () => {
      choose(state, label);
      focus(state);
    };
    return one;
  }
}

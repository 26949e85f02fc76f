// Labels texts by keys or clicks. What the server has not confirmed yet is sent again and again with the next report, so nothing
// is lost however fast somebody types; the next text is shown at once, without waiting for the server.
export default function (component) {
  const { data, parentElement, setStateValue } = component;
  const root = parentElement.querySelector(".studio");
  const fresh = root.evergreen === undefined;
  const state = (root.evergreen ??= { client: crypto.getRandomValues(new Uint32Array(2)).join("-"), number: 0, pending: [] });
  const confirmed = data.confirmed[state.client] ?? 0;
  if (state.session !== data.session) {
    state.session = data.session;
    state.pending = [];
  }
  state.pending = state.pending.filter((action) => action.number > confirmed);
  state.data = data;

  const send = (action) => {
    state.number += 1;
    state.pending.push({ number: state.number, ...action });
    draw();
    setStateValue("log", { client: state.client, session: data.session, actions: state.pending });
  };
  const draw = () => show(root, view(state), state, send, draw);

  const press = (event) => {
    const path = event.composedPath();
    const typing = path.some((one) => one.matches?.("input, textarea, select, [contenteditable], [role=dialog], [role=combobox]"));
    if (typing || event.repeat || event.ctrlKey || event.metaKey || event.altKey || (!path.includes(root) && event.target !== document.body)) return;
    if (event.key === "Enter" && path[0] !== root && path[0].tagName === "BUTTON") return; // the button's own key
    if (state.data.several && toggle(event.key, state)) {
      event.preventDefault();
      draw();
      return;
    }
    const action = meaning(event.key, view(state), state);
    if (action === null) return;
    event.preventDefault();
    send(action);
  };
  document.removeEventListener("keydown", state.press);
  state.press = press;
  document.addEventListener("keydown", press);
  draw();
  if (fresh) root.focus({ preventScroll: true });
  return () => document.removeEventListener("keydown", state.press);
}

// What the reader sees: what the server knows, and what was done since.
function view(state) {
  const { data, pending } = state;
  const queue = [...data.queue];
  const past = [...data.past];
  let { done, labelled } = data;
  for (const action of pending) {
    if (action.undo) {
      const last = past.pop();
      if (last === undefined) continue;
      queue.unshift(last);
      done -= 1;
      if (last.label !== null) labelled -= 1;
    } else {
      const item = queue.shift();
      if (item === undefined) continue;
      past.push({ ...item, label: action.label });
      done += 1;
      if (action.label !== null) labelled += 1;
    }
  }
  return { item: queue[0], past, done, labelled };
}

// The labels that are on for the text on screen: at first those that it has, else those that are suggested.
function picked(state, item) {
  if (item !== undefined && state.picking !== item.place) {
    state.picking = item.place;
    const first = item.label ?? (item.given || item.suggested);
    state.picks = new Set((first || "").split("|").filter((label) => state.data.labels.includes(label)));
  }
  return state.picks ?? new Set();
}

function flip(state, item, label) {
  const picks = picked(state, item);
  if (!picks.delete(label)) picks.add(label);
}

function toggle(key, state) {
  const { item } = view(state);
  const label = /^[1-9]$/.test(key) ? state.data.labels[Number(key) - 1] : undefined;
  if (item === undefined || label === undefined) return false;
  flip(state, item, label);
  return true;
}

// What is sent for the labels that are on.
function joined(state, item) {
  const label = [...picked(state, item)].sort().join("|") || "|";
  state.picking = undefined;
  return { place: item.place, label };
}

function meaning(key, { item, past }, state) {
  const { data } = state;
  if (key === "Backspace" || key === "ArrowLeft") return past.length ? { undo: true } : null;
  if (item === undefined) return null;
  if (key === "ArrowRight") return { place: item.place, label: null };
  if (key === "Enter" && data.several) return joined(state, item);
  if (key === "Enter") {
    const label = item.given || item.suggested;
    return data.labels.includes(label) ? { place: item.place, label } : null;
  }
  const label = /^[1-9]$/.test(key) ? data.labels[Number(key) - 1] : undefined;
  return label === undefined ? null : { place: item.place, label };
}

function show(root, { item, past, done, labelled }, state, send, draw) {
  const { data } = state;
  const { words } = data;
  const told = (label) => (data.several ? label.split("|").filter(Boolean).join(", ") || words.none : label);
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
  find("labels").replaceChildren(
    ...data.labels.map((label, index) => {
      const button = document.createElement("button");
      button.type = "button";
      if (index < 9) {
        const key = document.createElement("kbd");
        key.textContent = String(index + 1);
        button.append(key);
      }
      button.append(label);
      button.disabled = item === undefined;
      if (data.several) {
        const on = picked(state, item).has(label);
        button.classList.toggle("given", on);
        button.setAttribute("aria-pressed", String(on));
        button.onclick = () => {
          flip(state, item, label);
          draw();
          root.focus({ preventScroll: true });
        };
        return button;
      }
      button.classList.toggle("given", label === item?.given);
      button.classList.toggle("suggested", label === item?.suggested);
      button.onclick = () => click(root, send, { place: item.place, label });
      return button;
    }),
  );
  const next = find("next");
  next.hidden = !data.several;
  next.textContent = words.next;
  next.disabled = item === undefined;
  next.onclick = () => click(root, send, joined(state, item));
  const skip = find("skip");
  skip.textContent = words.skip;
  skip.disabled = item === undefined;
  skip.onclick = () => click(root, send, { place: item.place, label: null });
  const undo = find("undo");
  undo.textContent = words.undo;
  undo.disabled = !past.length;
  undo.onclick = () => click(root, send, { undo: true });
  find("keys").textContent = words.keys;
}

function click(root, send, action) {
  send(action);
  root.focus({ preventScroll: true }); // the button that was clicked is gone, and the keys shall go on working
}

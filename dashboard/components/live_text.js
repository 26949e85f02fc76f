// Reports the text while it is typed. Runs once a rerun on the same elements: what must last is kept on the box itself.
export default function (component) {
  const { data, parentElement, setStateValue } = component;
  const box = parentElement.querySelector("textarea");
  const label = parentElement.querySelector("label");
  label.textContent = data.label;
  box.placeholder = data.placeholder;
  box.setAttribute("aria-label", data.label);

  const state = (box.evergreen ??= { revision: null, timer: null, composing: false, reported: null });
  state.debounce = data.debounce;

  state.send = () => {
    clearTimeout(state.timer);
    state.timer = null;
    if (box.value === state.reported) return;
    state.reported = box.value;
    setStateValue("typed", { text: box.value, revision: state.revision });
  };
  const schedule = () => {
    clearTimeout(state.timer);
    state.timer = setTimeout(() => state.send(), state.debounce);
  };

  if (state.revision === null) box.style.height = `${data.height}px`;
  if (state.revision !== data.revision) {
    clearTimeout(state.timer);
    state.timer = null;
    state.revision = data.revision;
    state.reported = data.text;
    box.value = data.text;
  }

  box.oncompositionstart = () => {
    state.composing = true;
    clearTimeout(state.timer);
    state.timer = null;
  };
  box.oncompositionend = () => {
    state.composing = false;
    schedule();
  };
  box.oninput = (event) => {
    if (!state.composing && !event.isComposing) schedule();
  };
  box.onblur = () => {
    if (!state.composing) state.send();
  };

  return () => {
    if (state.timer !== null) state.send();
  };
}

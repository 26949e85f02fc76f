// Reports the text while it is typed. Runs once a rerun on the same elements: what must last is kept on the box itself.
export default function (component) {
  const { data, parentElement, setStateValue } = component;
  const box = parentElement.querySelector("textarea");
  const label = parentElement.querySelector("label");
  label.textContent = data.label;
  box.placeholder = data.placeholder;
  box.setAttribute("aria-label", data.label);

  const state = (box.evergreen ??= wire(box));
  state.debounce = data.debounce;
  state.report = (text) => setStateValue("typed", { text, revision: state.revision });

  if (state.revision === null) box.style.height = `${data.height}px`;
  if (state.revision !== data.revision) {
    state.cancel();
    state.revision = data.revision;
    state.reported = data.text;
    box.value = data.text;
  }

  return () => {
    if (state.timer !== null) state.send(); // leaving the page must not lose the last word
  };
}

function wire(box) {
  const state = { revision: null, timer: null, composing: false, reported: null };
  state.cancel = () => {
    clearTimeout(state.timer);
    state.timer = null;
  };
  state.send = () => {
    state.cancel();
    if (box.value === state.reported) return;
    state.reported = box.value;
    state.report(box.value);
  };
  const schedule = () => {
    state.cancel();
    state.timer = setTimeout(state.send, state.debounce);
  };
  // Composition events have no on… property. While an input method composes, nothing is reported.
  box.addEventListener("compositionstart", () => {
    state.composing = true;
    state.cancel();
  });
  box.addEventListener("compositionend", () => {
    state.composing = false;
    schedule();
  });
  box.addEventListener("input", () => {
    if (!state.composing) schedule();
  });
  box.addEventListener("blur", () => {
    state.composing = false;
    state.send();
  });
  return state;
}

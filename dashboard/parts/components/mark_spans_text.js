// The text of mark_spans.js: where its signs stand on screen, what is selected and what is marked. Places count characters as
// Python does (code points); the caret stops only between what people see as one sign, so that no emoji or accent is cut.

const piecesOf = (text, granularity) =>
  Intl.Segmenter ? [...new Intl.Segmenter(undefined, { granularity }).segment(text)].map((piece) => piece.segment) : [...text];

function stopsOf(text, granularity, further = []) {
  const stops = new Set([0, ...further]);
  let end = 0;
  for (const piece of piecesOf(text, granularity)) stops.add((end += [...piece].length));
  return [...stops].sort((one, other) => one - other);
}

function openText(state, text, spans) {
  Object.assign(state, { points: [...text], source: text, spans, past: [], selected: null, anchor: 0, caret: 0 });
  const edges = spans.flatMap(({ start, end }) => [start, end]);
  Object.assign(state, { stops: stopsOf(text, "grapheme", edges), wordStops: stopsOf(text, "word") });
}

const surfaceOf = (state, { start, end }) => state.points.slice(start, end).join("");

// What is selected and not marked, without blanks at its ends; undefined where nothing is left.
function stretchOf(state) {
  let [start, end] = [Math.min(state.anchor, state.caret), Math.max(state.anchor, state.caret)];
  while (start < end && !state.points[start].trim()) start += 1;
  while (start < end && !state.points[end - 1].trim()) end -= 1;
  return start < end ? { start, end } : undefined;
}

function changeTo(state, spans, selected) {
  state.past.push(state.spans);
  state.spans = spans.sort((one, other) => one.start - other.start);
  state.selected = selected;
}

// Mark the stretch, or give the selected span another type. What a new span touches gives way: spans never overlap.
function markAs(state, type) {
  const { start, end } = state.selected ?? stretchOf(state);
  const span = { start, end, type };
  changeTo(state, [...state.spans.filter((other) => other.end <= start || end <= other.start), span], span);
  state.anchor = state.caret = end;
  return span;
}

function removeSelected(state) {
  const gone = state.selected;
  changeTo(state, state.spans.filter((span) => span !== gone), null);
  state.anchor = state.caret = gone.end;
}

function select(state, span) {
  state.selected = span;
  state.anchor = state.caret = span.end;
}

function moveTo(state, caret, keepAnchor) {
  state.caret = caret;
  if (!keepAnchor) state.anchor = caret;
  state.selected = null;
}

// The next place to the left (-1) or right (1) of the caret.
function nextStop(state, step, stops) {
  const beyond = step > 0 ? stops.find((stop) => stop > state.caret) : stops.findLast((stop) => stop < state.caret);
  return beyond ?? state.caret;
}

function lineStop(state, step) {
  const { left, top, bottom } = caretRect(state);
  return stopAt(state, left, step > 0 ? bottom + (bottom - top) : top - (bottom - top));
}

// Draws the text and its marks; `mark` completes the element of a span.
function drawText(state, mark) {
  const { text } = state;
  const runs = [];
  const put = (parent, start, end) => {
    const node = document.createTextNode(surfaceOf(state, { start, end }));
    parent.append(node);
    if (start < end) runs.push({ node, start, end });
  };
  text.replaceChildren();
  let end = 0;
  for (const span of state.spans) {
    put(text, end, span.start);
    const element = document.createElement("mark");
    element.span = span;
    put(element, span.start, span.end);
    mark(element, span);
    text.append(element);
    end = span.end;
  }
  put(text, end, state.points.length);
  Object.assign(state, { runs, rects: undefined });
}

// Where each sign stands, from the text's corner: all of them, when somebody points or has selected.
function rectsOf(state) {
  const base = state.text.getBoundingClientRect();
  if (state.rects !== undefined) return state.rects;
  const rects = [];
  let [index, before] = [0, 0]; // the run, and how many UTF-16 units of it are behind us
  for (let number = 0; number + 1 < state.stops.length; number += 1) {
    const [start, end] = [state.stops[number], state.stops[number + 1]];
    if (start >= state.runs[index].end) [index, before] = [index + 1, 0];
    const length = surfaceOf(state, { start, end }).length;
    rects.push(rectIn(state.runs[index].node, before, length, base));
    before += length;
  }
  state.rects = rects;
  return rects;
}

function rectIn(node, before, length, base) {
  const range = document.createRange();
  range.setStart(node, before);
  range.setEnd(node, before + length);
  const { left, right, top, bottom } = [...range.getClientRects()].at(-1) ?? { left: base.left, right: base.left, top: base.top, bottom: base.top + 20 };
  return { left: left - base.left, right: right - base.left, top: top - base.top, bottom: bottom - base.top };
}

// One sign alone, since a caret is drawn with each key, and a text may be long.
function rectAt(state, number) {
  const [start, end] = [state.stops[number], state.stops[number + 1]];
  const run = state.runs.find((known) => start >= known.start && start < known.end);
  if (run === undefined) return undefined;
  const before = surfaceOf(state, { start: run.start, end: start }).length;
  return rectIn(run.node, before, surfaceOf(state, { start, end }).length, state.text.getBoundingClientRect());
}

function caretRect(state) {
  const number = state.stops.indexOf(state.caret);
  const here = rectAt(state, number);
  if (here !== undefined) return here;
  const before = number > 0 ? rectAt(state, number - 1) : undefined;
  return before === undefined ? { left: 0, top: 8, bottom: 28 } : { ...before, left: before.right };
}

// The place nearest to a point of the screen, counted from the text's corner.
function stopAt(state, x, y) {
  let [nearest, least] = [0, Infinity];
  rectsOf(state).forEach(({ left, right, top, bottom }, number) => {
    const far = 1e4 * Math.max(top - y, 0, y - bottom) + Math.max(left - x, 0, x - right);
    if (far < least) [nearest, least] = [number + (x > (left + right) / 2 ? 1 : 0), far];
  });
  return state.stops[nearest];
}

function placeOf(state, event) {
  const base = state.text.getBoundingClientRect();
  return stopAt(state, event.clientX - base.left, event.clientY - base.top);
}

// The selection and the caret, laid over the text, so that no element of it is made anew while somebody drags.
function drawSelection(state) {
  const [start, end] = [Math.min(state.anchor, state.caret), Math.max(state.anchor, state.caret)];
  const lines = [];
  if (start < end) {
    rectsOf(state).forEach((rect, number) => {
      if (state.stops[number] < start || state.stops[number] >= end) return;
      const line = lines.at(-1);
      if (line && Math.abs(line.top - rect.top) < 4 && rect.left >= line.left) line.right = Math.max(line.right, rect.right);
      else lines.push({ ...rect });
    });
  }
  const caret = caretRect(state);
  state.text.querySelectorAll(".stretch, .caret").forEach((element) => element.remove());
  for (const line of lines) state.text.append(box("stretch", line, line.right - line.left));
  if (!state.selected) state.text.append(box("caret", caret));
}

function box(name, { left, top, bottom }, width) {
  const element = Object.assign(document.createElement("div"), { className: name });
  element.setAttribute("aria-hidden", "true");
  Object.assign(element.style, { left: `${left}px`, top: `${top}px`, height: `${bottom - top}px` });
  if (width !== undefined) element.style.width = `${width}px`;
  return element;
}

// Dragging selects, a click on a mark chooses it, and a double click selects a word.
function wirePointer(state, choose) {
  const { text } = state;
  text.onpointerdown = (event) => {
    if (event.button !== 0) return;
    state.pressedOn = event.composedPath().find((element) => element.span)?.span;
    const place = placeOf(state, event);
    moveTo(state, place, event.shiftKey);
    text.setPointerCapture(event.pointerId);
    text.focus({ preventScroll: true });
    event.preventDefault();
    drawSelection(state);
  };
  text.onpointermove = (event) => {
    if (!text.hasPointerCapture(event.pointerId)) return;
    moveTo(state, placeOf(state, event), true);
    drawSelection(state);
  };
  text.onpointerup = () => {
    const span = state.spans.find((known) => known === state.pressedOn);
    if (span && state.anchor === state.caret) choose(span);
    else state.draw();
  };
  text.onpointercancel = () => state.draw();
  text.ondblclick = (event) => {
    if (state.selected) return;
    const place = placeOf(state, event);
    const start = state.wordStops.findLast((stop) => stop <= place) ?? 0;
    moveTo(state, start);
    moveTo(state, state.wordStops.find((stop) => stop > start) ?? start, true);
    state.draw();
  };
  state.resized?.disconnect();
  state.resized = new ResizeObserver(() => {
    state.rects = undefined;
    drawSelection(state);
  });
  state.resized.observe(text);
}

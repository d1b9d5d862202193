// The paper: strokes by mouse, finger, pen or keys, or one picture in their place.

import { drawContained, exportPng, inkStrokes } from "./strokes.js";

const STEP = 0.04; // of the paper's side, by an arrow key
const SMALL_STEP = 0.01;

/**
 * Makes the canvas a paper.
 * @param canvas square, inside an element that shows the hint
 * @param penWidth gives the pen's width in parts of the side
 * @param side pixels of what is sent
 * @param changed is called after every change
 */
export function makePaper(canvas, penWidth, side, changed) {
  let strokes = [];
  let picture = null; // { file, bitmap }; bitmap is null where the browser cannot show it
  let pointer = null;
  let cursor = null; // { x, y, isDown } of the keys
  let isScheduled = false;

  function redraw() {
    isScheduled = false;
    const shown = Math.round(canvas.clientWidth * devicePixelRatio);
    if (canvas.width !== shown) canvas.width = canvas.height = shown;
    const context = canvas.getContext("2d");
    const colour = getComputedStyle(canvas).color;
    context.clearRect(0, 0, shown, shown);
    if (picture?.bitmap) drawContained(context, picture.bitmap, shown);
    inkStrokes(context, strokes, shown, colour);
    if (cursor && document.activeElement === canvas) drawCursor(context, shown);
  }

  function drawCursor(context, shown) {
    context.lineWidth = 2 * devicePixelRatio;
    context.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue("--accent");
    context.beginPath();
    context.arc(cursor.x * shown, cursor.y * shown, (penWidth() * shown) / 2 + 4, 0, 7);
    context.stroke();
  }

  function schedule() {
    if (!isScheduled) requestAnimationFrame(redraw);
    isScheduled = true;
  }

  function update() {
    schedule();
    const count = `${strokes.length} stroke${strokes.length === 1 ? "" : "s"}`;
    const said = picture ? `picture ${picture.file.name}` : strokes.length ? count : "empty";
    canvas.setAttribute("aria-label", `Paper, ${said}`);
    changed();
  }

  function begin(x, y) {
    picture = null;
    strokes.push({ width: penWidth(), points: [[x, y]] });
    update();
  }

  function extend(points) {
    strokes[strokes.length - 1].points.push(...points);
    update();
  }

  function place(event) {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (pointer !== null || event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    pointer = event.pointerId;
    cursor = null;
    begin(...place(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerId !== pointer) return;
    const all = event.getCoalescedEvents?.() ?? [];
    extend((all.length ? all : [event]).map(place));
  });
  for (const end of ["pointerup", "pointercancel"])
    canvas.addEventListener(end, (event) => {
      if (event.pointerId === pointer) pointer = null;
    });

  canvas.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (event.key === " ") {
      event.preventDefault();
      cursor ??= { x: 0.5, y: 0.5, isDown: false };
      cursor.isDown = !cursor.isDown;
      if (cursor.isDown) begin(cursor.x, cursor.y);
    } else if (way[event.key] && !event.ctrlKey && !event.altKey && !event.metaKey) {
      event.preventDefault();
      cursor ??= { x: 0.5, y: 0.5, isDown: false };
      const step = event.shiftKey ? SMALL_STEP : STEP;
      cursor.x = Math.min(Math.max(cursor.x + way[event.key][0] * step, 0), 1);
      cursor.y = Math.min(Math.max(cursor.y + way[event.key][1] * step, 0), 1);
      if (cursor.isDown && strokes.length) extend([[cursor.x, cursor.y]]);
    }
    schedule();
  });
  for (const change of ["focus", "blur"]) canvas.addEventListener(change, schedule);
  new ResizeObserver(schedule).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", schedule);

  return {
    get isEmpty() { return strokes.length === 0 && !picture; },
    get isPicture() { return picture !== null; },
    undo() {
      if (picture) picture = null;
      else strokes.pop();
      lift();
      update();
    },
    clear() {
      strokes = [];
      picture = null;
      lift();
      update();
    },
    /** Puts an image file in the place of the strokes. */
    async take(file) {
      const bitmap = await createImageBitmap(file).catch(() => null);
      strokes = [];
      picture = { file, bitmap };
      lift();
      update();
      return bitmap !== null;
    },
    /** Promises what is sent: the file itself, or the strokes as PNG. */
    async content() {
      return picture ? picture.file : exportPng(strokes, null, side);
    },
    /** Promises what is kept: always a PNG file; null of a picture that cannot be shown. */
    async png() {
      return picture && !picture.bitmap ? null : exportPng(strokes, picture?.bitmap ?? null, side);
    },
    /** Draws it small. */
    drawOn(small) {
      const context = small.getContext("2d");
      if (picture?.bitmap) drawContained(context, picture.bitmap, small.width);
      inkStrokes(context, strokes, small.width, getComputedStyle(canvas).color);
    },
  };

  /** Ends a stroke that is being drawn. */
  function lift() {
    pointer = null;
    if (cursor) cursor.isDown = false;
  }
}

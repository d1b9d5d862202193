// The page for models that take images.

import { makeAnswer } from "./answer.js";
import { fetchJson, makeAsker } from "./ask.js";
import { makePaper } from "./paper.js";
import { makeRound, nounOf } from "./round.js";

const byId = (id) => document.getElementById(id);

const model = await fetchJson("/api/model");
const [height, width] = model.input_shape;
document.title = `${model.name}: draw and see`;
byId("model").textContent = `${model.name} · ${model.data}`;
byId("model").title = model.run;
byId("seen-caption").textContent = `what the net sees, ${width} × ${height}`;

const answer = makeAnswer(model);
const side = Math.max(196, 4 * Math.max(height, width)); // more costs time and shows no more
const paper = makePaper(byId("paper"), () => byId("width").value / 100, side, changed);
let round = { isOn: false, next() {}, stop() {} };
if (model.class_names.length) round = makeRound(paper, answer, nounOf(model.class_names));
answer.show(null);

const ask = makeAsker(
  async () => {
    if (paper.isEmpty || round.isOn) return null;
    const address = `/api/predict?page=${paper.isPicture ? "auto" : "false"}`; // strokes: one figure
    return { address, method: "POST", body: await paper.content() };
  },
  (found) => { if (!round.isOn) answer.show(paper.isEmpty ? null : found); },
  (error) => { if (!round.isOn) answer.fail(error); },
);

function changed() {
  byId("hint").hidden = !paper.isEmpty;
  byId("undo").disabled = byId("clear").disabled = paper.isEmpty;
  if (!round.isOn) ask();
}

byId("undo").addEventListener("click", () => paper.undo());
byId("clear").addEventListener("click", () => paper.clear());
byId("choose").addEventListener("click", () => byId("file").click());
byId("file").addEventListener("change", (event) => {
  const [file] = event.target.files;
  if (file) paper.take(file);
  event.target.value = ""; // the same file may be chosen again
});

document.addEventListener("paste", (event) => {
  const file = [...event.clipboardData.files].find((one) => one.type.startsWith("image/"));
  if (file) paper.take(file);
});
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  byId("sheet").classList.add("is-target");
});
document.addEventListener("dragleave", () => byId("sheet").classList.remove("is-target"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  byId("sheet").classList.remove("is-target");
  const [file] = event.dataTransfer.files;
  if (file) paper.take(file);
});

document.addEventListener("keydown", (event) => {
  const isOnControl = event.target.closest("button, a, summary, input");
  const key = event.key.toLowerCase();
  if (event.altKey || event.repeat && key !== "z") return;
  if (key === "z" && !event.shiftKey) {
    event.preventDefault();
    paper.undo();
  } else if (event.ctrlKey || event.metaKey) return; // the browser's own
  else if (key === "c") paper.clear();
  else if (key === "escape") round.stop();
  else if (key === "enter" && !isOnControl) round.next();
});

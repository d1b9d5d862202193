// A round: the page asks for twenty things, each drawing is judged once and kept.

import { fetchJson } from "./ask.js";

const byId = (id) => document.getElementById(id);

/** What the classes are called. */
export function nounOf(names) {
  if (names.every((name) => /^\d$/.test(name))) return "digit";
  return names.every((name) => /^\p{L}$/u.test(name)) ? "letter" : "picture";
}

function wish(label, noun) {
  if (noun === "picture") return `Draw: ${label}`;
  return noun === "digit" ? `Draw ${label === "8" ? "an" : "a"} ${label}` : `Draw the letter ${label}`;
}

/**
 * Makes the part of the page that runs rounds.
 * @param paper what is drawn on
 * @param answer shows what the net says
 * @param noun what is drawn
 */
export function makeRound(paper, answer, noun) {
  const idle = `Draw a ${noun}`;
  let round = null; // { number, labels, right, last, folder, command, isBusy }
  byId("round").hidden = false;
  const invite = () => {
    byId("round-title").textContent = "How well does it read your hand?";
    byId("round-text").textContent =
      `You are asked for twenty ${noun}s. The net judges each once, when you press Next; ` +
      "the drawings are kept with their labels, as a test set of your own.";
  };
  invite();
  byId("begin").textContent = `Draw 20 ${noun}s`;
  byId("begin").classList.add("main");
  byId("task").textContent = idle;

  function show() {
    const count = round.last.length;
    const isOver = count === round.labels.length;
    byId("task").textContent = isOver ? idle : wish(round.labels[count], noun);
    const right = count ? `${round.right} of ${count} right` : "";
    byId("score").textContent = [isOver ? "" : `${count + 1} of ${round.labels.length}`, right]
      .filter(Boolean).join(" · ");
    if (isOver) end();
  }

  function end() {
    const count = round.last.length;
    for (const id of ["next", "stop"]) byId(id).hidden = true;
    byId("begin").hidden = false;
    byId("task").textContent = idle;
    byId("score").textContent = "";
    byId("done").hidden = count === 0;
    byId("answer-title").textContent = "The net says";
    byId("begin").textContent = `Draw 20 ${count ? "more" : `${noun}s`}`;
    if (count) {
      byId("round-title").textContent = `${round.right} of ${count} right`;
      byId("round-text").textContent = "";
      byId("folder").textContent = round.folder;
      byId("command").textContent = round.command;
      byId("round-title").focus();
    } else invite();
    round = null;
    paper.clear();
  }

  async function begin() {
    try {
      const { round: number, labels } = await fetchJson("/api/rounds", { method: "POST" });
      round = { number, labels, right: 0, last: [], folder: "", command: "", isBusy: false };
    } catch (error) {
      answer.fail(error);
      return;
    }
    paper.clear();
    byId("tiles").replaceChildren();
    for (const id of ["next", "stop"]) byId(id).hidden = false;
    byId("begin").hidden = byId("done").hidden = true;
    byId("round-title").textContent = `Your ${noun}s`;
    byId("round-text").textContent = "";
    byId("answer-title").textContent = "Of your last drawing, the net said";
    answer.show(null);
    show();
    byId("paper").focus();
    answer.say(byId("task").textContent);
  }

  async function next() {
    if (!round || round.isBusy) return;
    if (paper.isEmpty) {
      answer.say(`Nothing is drawn. ${byId("task").textContent}`);
      byId("paper").focus();
      return;
    }
    round.isBusy = true;
    const playing = round;
    try {
      const body = await paper.png();
      if (!body) throw new Error("This browser cannot show the picture; save it as PNG or JPEG");
      const options = { method: "POST", body, headers: { "Content-Type": "image/png" } };
      const kept = await fetchJson(`/api/rounds/${round.number}/drawings`, options);
      if (playing !== round) return; // stopped meanwhile; the drawing is kept all the same
      round.last.push(kept);
      round.right += kept.is_right;
      Object.assign(round, { folder: kept.folder, command: kept.command });
      addTile(kept);
      paper.clear();
      answer.show(kept);
      show();
      if (round) byId("paper").focus();
      answer.say(said(kept));
    } catch (error) {
      answer.fail(error);
    } finally {
      playing.isBusy = false;
    }
  }

  function addTile(kept) {
    const tile = document.createElement("li");
    const small = document.createElement("canvas");
    small.width = small.height = 144;
    paper.drawOn(small);
    small.setAttribute("aria-hidden", "true");
    const text = document.createElement("span");
    text.textContent = kept.is_right ? kept.label : `${kept.label} → ${kept.predicted}`;
    tile.setAttribute("aria-label",
      kept.is_right ? `${kept.label}, right` : `${kept.label}, taken for ${kept.predicted}`);
    tile.classList.toggle("is-wrong", !kept.is_right);
    tile.append(small, text);
    byId("tiles").append(tile);
  }

  const said = (kept) =>
    `${kept.is_right ? "Right" : `Taken for ${kept.predicted}`}. ` +
    (round ? byId("task").textContent : byId("round-title").textContent);

  byId("begin").addEventListener("click", begin);
  byId("next").addEventListener("click", next);
  byId("stop").addEventListener("click", () => round && end());
  byId("copy").addEventListener("click", async () => {
    const isDone = await navigator.clipboard?.writeText(byId("command").textContent)
      .then(() => true, () => false);
    if (!isDone) getSelection().selectAllChildren(byId("command"));
    byId("copy").textContent = isDone ? "Copied" : "Selected";
    setTimeout(() => { byId("copy").textContent = "Copy"; }, 1500);
  });
  return { next, stop: () => round && end(), get isOn() { return round !== null; } };
}
